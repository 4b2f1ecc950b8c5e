"""The words that sample generations are written with: sentences with three gaps, and what fills them.

A gap is written `%s`; the three names after a sentence say from which table each is filled.
"""

from __future__ import annotations

Sentence = tuple[str, str, str, str]

WORDS: dict[str, tuple[str, ...]] = {
    name: tuple(words.split("|"))
    for name, words in {
        "area": "billing|checkout|onboarding|search|inventory|scheduling|reporting|notifications|shipping|payroll|procurement|analytics|"
        "identity|messaging|pricing|returns|subscriptions|invoicing|catalogue|support",
        "quality": "reliable|slow|noisy|predictable|fragile|simple|expensive|flexible|outdated|robust|confusing|accurate|transparent|"
        "inconsistent|readable|lightweight|careful|complete|surprising|reasonable|measurable|cautious",
        "part": "service|pipeline|queue|database|cache|form|report|dashboard|endpoint|worker|index|export|template|gateway|scheduler|"
        "webhook|ledger|archive|import|mailer|workflow|parser",
        "cause": "a missing index|a stale cache|an expired certificate|a retry without a limit|a rounding error|an empty header|"
        "a time zone mistake|an unbounded loop|a duplicated event|a forgotten flag|a wrong default|a changed schema|a full volume",
        "remedy": "adding a check|restarting the worker|raising the timeout|clearing the cache|splitting the batch|pinning the version|"
        "writing a test|moving the call out of the loop|using a transaction|validating the input|backing off between attempts|"
        "renaming the field|removing the duplicate|logging the request id",
        "count": "3|4|7|12|18|24|36|48|60|75|90|110|140|180|240|320|450|600|850|1,200|1,900|2,400|3,600|5,200|8,800|12,000",
        "share": "2 %|3.5 %|5 %|8 %|11 %|14 %|17.5 %|21 %|26 %|33 %|40 %|48 %|55 %|62 %|70 %|81 %|92 %",
        "period": "last week|this quarter|in March|since the release|over the weekend|in the first half|during the trial|since Monday|"
        "before the migration|in the last hour|after the holiday|in the second month|on Tuesday|at the end of May",
        "item": "the blue lamp|the standing desk|the travel mug|the garden chair|the water filter|the desk fan|the backpack|"
        "the bread knife|the rain jacket|the night light|the coffee grinder|the yoga mat|the tool box|the picture frame",
        "trouble": "arrived with a scratch|never left the warehouse|was charged twice|stopped working after a day|came in the wrong colour|"
        "is missing a screw|does not fit the description|was delivered to a neighbour|shows an error code|makes a strange noise",
        "offer": "a replacement|a full refund|a discount on the next order|free return shipping|a spare part|a call with a technician|"
        "an exchange for another size|a credit on your account|an extended warranty|a prepaid label",
        "days": "one working day|two days|three to five days|a week|ten days|two weeks|24 hours|48 hours|six days|three weeks",
        "account": "operating costs|travel expenses|deferred revenue|net income|gross margin|cash reserves|outstanding invoices|"
        "marketing spend|depreciation|accounts payable|licence fees|capital spending|inventory value|interest income",
        "region": "the northern region|the coastal stores|the online channel|the wholesale business|the new branch|the pilot cities|"
        "the eastern warehouse|the partner network|the export market|the home market|the southern depots",
        "dish": "lentil soup|mushroom risotto|roasted carrots|potato gratin|apple crumble|vegetable curry|tomato salad|bean stew|rye bread|"
        "pumpkin ravioli|rice pudding|onion tart|barley broth|chickpea salad",
        "ingredient": "two cloves of garlic|a spoon of olive oil|fresh thyme|a pinch of salt|half a lemon|a cup of stock|grated cheese|"
        "brown butter|toasted almonds|a bay leaf|smoked paprika|chopped parsley|a glass of water",
        "heat": "over low heat|in a hot oven|in a covered pan|under the grill|in a heavy pot|on the lower rack|in salted water|"
        "over medium heat|in a warm place",
        "city": "Lisbon|Kyoto|Oslo|Valencia|Ljubljana|Ghent|Porto|Bergen|Turin|Cork|Tallinn|Graz|Bologna|Utrecht|Seville|Krakow",
        "sight": "the old harbour|the botanical garden|the covered market|the castle hill|the tram museum|the cathedral square|"
        "the science centre|the fish market|the city wall|the hillside vineyards|the modern art museum",
        "season": "early spring|late autumn|the first week of June|mid September|a mild winter|the long weekend|the low season|"
        "the weeks after Easter|the end of summer",
        "quantity": "temperature|pressure|humidity|conductivity|wavelength|density|growth rate|signal strength|reaction time|viscosity|"
        "sample size|salinity|light intensity|soil moisture",
        "method": "a linear model|a control group|a blind trial|a calibration curve|a longer baseline|random sampling|"
        "a permutation test|a mixed model|cross-validation|a finer grid",
        "clause": "the notice period|the liability cap|the confidentiality clause|the payment terms|the renewal option|the governing law|"
        "the data processing annex|the warranty|the termination right|the audit clause|the delivery schedule",
        "duty": "inform the other party|keep written records|deliver the documents|pay the balance|return the keys|delete the copies|"
        "name a contact person|request approval|correct the defect|confirm receipt",
        "party": "the supplier|the customer|the landlord|the tenant|the processor|the licensee|the contractor|the carrier|the insurer",
    }.items()
}

TOPICS: dict[str, tuple[Sentence, ...]] = {
    "software": (
        ("The %s %s is slow because of %s.", "area", "part", "cause"),
        ("I would start with the %s: it is %s, and %s usually helps.", "part", "quality", "remedy"),
        ("After %s the error rate of the %s fell by %s.", "remedy", "part", "share"),
        ("The log shows %s requests to the %s %s, most of them retries.", "count", "part", "period"),
        ("That points to %s rather than to the %s, which stayed %s.", "cause", "part", "quality"),
        ("Before changing the %s, measure it %s and write the numbers down; %s is cheap insurance.", "part", "period", "remedy"),
        ("A %s design keeps the %s apart from the %s.", "quality", "part", "area"),
        ("If %s does not help, look for %s in the %s.", "remedy", "cause", "part"),
        ("The tests cover %s of the %s code, but not %s.", "share", "area", "cause"),
        ("Rolling back is safe because the %s keeps %s versions of every %s.", "part", "count", "part"),
        ("In short: %s, then %s, and watch the %s for an hour.", "remedy", "remedy", "part"),
    ),
    "support": (
        ("I am sorry to hear that %s %s; we can offer %s.", "item", "trouble", "offer"),
        ("Your order of %s units left our warehouse %s and should arrive within %s.", "count", "period", "days"),
        ("Because %s %s, no return is needed and you receive %s.", "item", "trouble", "offer"),
        ("Please reply within %s so that we can arrange %s for %s.", "days", "offer", "item"),
        ("A colleague has checked %s and confirmed that it %s, so %s is on its way.", "item", "trouble", "offer"),
        ("The refund takes %s and shows the reference of %s; %s stays available.", "days", "item", "offer"),
        ("We saw %s similar messages %s, and %s is back in stock.", "count", "period", "item"),
        ("If %s still %s after that, we will gladly add %s.", "item", "trouble", "offer"),
        ("You do not have to pay for %s: %s is included for %s.", "item", "offer", "days"),
        ("Thank you for your patience; the team for %s answers within %s, also about %s.", "area", "days", "item"),
    ),
    "finance": (
        ("In %s, %s rose by %s.", "region", "account", "share"),
        ("The change in %s is explained by %s, not by %s.", "account", "region", "account"),
        ("Compared with the plan, %s came in %s lower %s.", "account", "share", "period"),
        ("We expect %s to settle at %s of revenue, thanks to %s.", "account", "share", "region"),
        ("A closer look at %s shows %s entries that were booked %s.", "account", "count", "period"),
        ("Without %s, %s would have fallen by %s.", "region", "account", "share"),
        ("The forecast assumes %s new customers in %s and a %s price level.", "count", "region", "quality"),
        ("Management should review %s and %s before the budget for %s is fixed.", "account", "account", "region"),
        ("Cash flow stayed positive %s even though %s took %s of it.", "period", "account", "share"),
    ),
    "kitchen": (
        ("For the %s, warm %s %s.", "dish", "ingredient", "heat"),
        ("Add %s and %s, then let the %s rest for ten minutes.", "ingredient", "ingredient", "dish"),
        ("The %s keeps for two days; %s and %s go in just before serving.", "dish", "ingredient", "ingredient"),
        ("If the %s tastes flat, %s helps more than %s.", "dish", "ingredient", "ingredient"),
        ("Cook it %s until %s is absorbed, and serve it with %s.", "heat", "ingredient", "dish"),
        ("A %s way to stretch the %s is %s.", "quality", "dish", "ingredient"),
        ("Do not leave the %s %s without %s, because it dries out quickly.", "dish", "heat", "ingredient"),
    ),
    "travel": (
        ("In %s, start at %s and go on to %s.", "city", "sight", "sight"),
        ("%s is at its best in %s, and few people visit %s then.", "city", "season", "sight"),
        ("The train from %s to %s takes about %s minutes.", "city", "city", "count"),
        ("Book %s ahead in %s; you can enter %s without a ticket.", "sight", "season", "sight"),
        ("With children, choose %s in %s rather than %s.", "sight", "city", "sight"),
        ("Rooms near %s cost %s less in %s.", "sight", "share", "season"),
        ("I would skip %s on a rainy day because in %s you can stay dry at %s.", "sight", "city", "sight"),
    ),
    "science": (
        ("The %s was measured with %s, and the %s was kept constant.", "quantity", "method", "quantity"),
        ("We found a change of %s in %s once %s was used.", "share", "quantity", "method"),
        ("With %s samples, %s cannot tell the %s from noise.", "count", "method", "quantity"),
        ("The effect disappears when %s replaces %s, so the %s is the likelier explanation.", "method", "method", "quantity"),
        ("A %s estimate of the %s needs at least %s repetitions.", "quality", "quantity", "count"),
        ("Because the %s drifts %s, %s should come first.", "quantity", "period", "method"),
        ("The error of the %s is below %s, which %s confirms.", "quantity", "share", "method"),
    ),
    "law": (
        ("Under %s, %s has to %s.", "clause", "party", "duty"),
        ("%s ends after %s unless %s agrees in writing.", "clause", "days", "party"),
        ("The draft lets %s change %s without having to %s, which is unusual.", "party", "clause", "duty"),
        ("I suggest that %s be given %s to %s.", "party", "days", "duty"),
        ("A limit of %s of the yearly fee would make %s acceptable to %s.", "share", "clause", "party"),
        ("Because %s is silent on this, %s may still %s.", "clause", "party", "duty"),
        ("This is a summary for %s and does not replace advice on %s or the duty to %s.", "party", "clause", "duty"),
    ),
}

QUESTIONS: dict[str, tuple[Sentence, ...]] = {
    "software": (
        ("Why does the %s %s fail with what looks like %s?", "area", "part", "cause"),
        ("Can you explain how to make the %s more robust without %s? It handled %s calls today.", "part", "remedy", "count"),
        ("Please review my plan: first %s, then %s, then a second look at the %s.", "remedy", "remedy", "part"),
    ),
    "support": (
        ("Hello, %s %s. Can I get %s?", "item", "trouble", "offer"),
        ("I ordered %s %s and it still has not come. You promised %s!", "item", "period", "days"),
        ("Where can I see the status of %s? I was told %s, and then %s.", "item", "days", "offer"),
    ),
    "finance": (
        ("Summarize what happened to %s in %s %s.", "account", "region", "period"),
        ("Is a change of %s in %s normal for %s?", "share", "account", "region"),
        ("Write two paragraphs for the board on %s and %s in %s.", "account", "account", "region"),
    ),
    "kitchen": (
        ("What can I cook with %s and %s? It should go with %s.", "ingredient", "ingredient", "dish"),
        ("My %s turned out dry %s. Would %s help?", "dish", "heat", "ingredient"),
        ("Give me a shopping list for %s and %s for %s people.", "dish", "dish", "count"),
    ),
    "travel": (
        ("We have three days in %s in %s. Is %s worth it?", "city", "season", "sight"),
        ("Plan a trip from %s to %s that includes %s.", "city", "city", "sight"),
        ("Which is better with a pram, %s or %s, in %s?", "sight", "sight", "season"),
    ),
    "science": (
        ("How do I choose between %s and %s for %s data?", "method", "method", "quantity"),
        ("Explain to a student why %s matters when the %s changes by %s.", "method", "quantity", "share"),
        ("Does a drop of %s in %s after %s samples mean anything?", "share", "quantity", "count"),
    ),
    "law": (
        ("What does %s mean for %s if they do not %s?", "clause", "party", "duty"),
        ("Compare %s with %s from the point of view of %s.", "clause", "clause", "party"),
        ("Can %s refuse to %s within %s?", "party", "duty", "days"),
    ),
}

TRANSLATIONS: dict[str, tuple[str, ...]] = {
    "German": (
        "Vielen Dank für Ihre Nachricht, wir kümmern uns gleich darum.",
        "Die Lieferung verzögert sich leider um einige Tage.",
        "Bitte prüfen Sie die Rechnung und melden Sie sich bei Rückfragen.",
        "Das Gerät lässt sich über die Einstellungen zurücksetzen.",
        "Für Großbestellungen gewähren wir einen Preisnachlass.",
    ),
    "French": (
        "Merci pour votre message, nous nous en occupons tout de suite.",
        "La livraison est malheureusement retardée de quelques jours.",
        "Veuillez vérifier la facture et nous écrire en cas de question.",
        "L’appareil se réinitialise dans les paramètres.",
        "Une remise est accordée à partir de dix pièces commandées.",
    ),
    "Spanish": (
        "Gracias por su mensaje, nos ocupamos enseguida.",
        "La entrega se retrasa lamentablemente unos días.",
        "Revise la factura y escríbanos si tiene alguna duda.",
        "El aparato se restablece desde la configuración.",
        "¿Desea que le enviemos también el recibo?",
    ),
    "Japanese": (
        "お問い合わせありがとうございます。すぐに対応いたします。",
        "申し訳ございませんが、配送が数日遅れております。",
        "請求書をご確認のうえ、ご不明な点はお知らせください。",
        "設定画面から本体を初期化できます。",
        "十個以上のご注文で割引いたします。",
    ),
}

TAGS = ("production", "beta", "internal", "mobile", "web", "batch", "trial", "priority")
REGIONS = ("eu-west", "us-east", "us-west", "ap-south")
TIERS = ("free", "free", "pro", "pro", "pro", "enterprise")
CATEGORIES_GOOD = ("accurate", "helpful", "clear", "fast", "complete", "friendly")
CATEGORIES_BAD = ("wrong", "incomplete", "off-topic", "too-long", "slow", "unsafe")
COMMENTS_GOOD = (
    "Excellent response, very helpful",
    "Exactly what I needed",
    "Clear and to the point",
    "Saved me an hour",
    "Good, and it cited the right document",
)
COMMENTS_BAD = (
    "Missed the question",
    "The numbers are wrong",
    "Too long, I stopped reading",
    "It invented a setting that does not exist",
    "Not in the language I asked for",
)
