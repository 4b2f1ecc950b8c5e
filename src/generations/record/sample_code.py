"""Code, queries and tool calls for the sample; names in `%(…)s` are filled from the tables at the end."""

from __future__ import annotations

CODE: tuple[tuple[str, str], ...] = (
    (
        "python",
        '''from dataclasses import dataclass


@dataclass(frozen=True)
class %(Thing)s:
    id: str
    %(field)s: float
    %(flag)s: bool = False


def %(verb)s_%(thing)ss(%(thing)ss: list[%(Thing)s], limit: int = %(number)s) -> dict[str, float]:
    """Sum %(field)s by id, leaving out what is %(flag)s."""
    totals: dict[str, float] = {}
    for %(thing)s in %(thing)ss[:limit]:
        if %(thing)s.%(flag)s:
            continue
        totals[%(thing)s.id] = totals.get(%(thing)s.id, 0.0) + %(thing)s.%(field)s
    return totals
''',
    ),
    (
        "typescript",
        """export interface %(Thing)s {
  id: string
  %(field)s: number
  %(flag)s?: boolean
}

export async function %(verb)s%(Thing)s(url: string, attempts = %(number)s): Promise<%(Thing)s[]> {
  for (let attempt = 0; attempt < attempts; attempt++) {
    const response = await fetch(`${url}/%(thing)ss`)
    if (response.ok) {
      const found: %(Thing)s[] = await response.json()
      return found.filter((%(thing)s) => !%(thing)s.%(flag)s)
    }
    await new Promise((resolve) => setTimeout(resolve, 2 ** attempt * 100))
  }
  throw new Error('%(thing)ss could not be loaded')
}
""",
    ),
    (
        "sql",
        """WITH recent AS (
    SELECT %(thing)s_id, %(field)s, created_at
    FROM %(thing)ss
    WHERE NOT %(flag)s AND created_at >= now() - INTERVAL '%(number)s days'
)
SELECT date_trunc('week', created_at) AS week, count(*) AS %(thing)ss, sum(%(field)s) AS total_%(field)s
FROM recent
GROUP BY week
HAVING sum(%(field)s) > %(number)s
ORDER BY week DESC;
""",
    ),
    (
        "go",
        """package %(thing)ss

import "errors"

var ErrNot%(Thing)s = errors.New("no such %(thing)s")

type %(Thing)s struct {
	ID   string  `json:"id"`
	Rate float64 `json:"%(field)s"`
}

func %(Thing)sByID(all []%(Thing)s, id string) (%(Thing)s, error) {
	for _, one := range all {
		if one.ID == id && one.Rate < %(number)s {
			return one, nil
		}
	}
	return %(Thing)s{}, ErrNot%(Thing)s
}
""",
    ),
)

THINGS = ("order", "invoice", "ticket", "shipment", "account", "payment", "report", "session", "device", "booking")
FIELDS = ("amount", "weight", "duration", "score", "discount", "balance")
FLAGS = ("cancelled", "archived", "expired", "hidden", "disputed")
VERBS = ("load", "collect", "merge", "check", "refresh", "export")

TOOLS: tuple[tuple[str, str, str], ...] = (
    (
        "search_orders",
        '{"customer":"customer-%(number)s","status":"%(flag)s"}',
        '{"found":%(number)s,"orders":[{"id":"o-%(hex)s","%(field)s":%(decimal)s,"status":"%(flag)s"},{"id":"o-%(hex)s-2","%(field)s":12.5}]}',
    ),
    (
        "read_file",
        '{"path":"src/%(thing)ss/%(verb)s.py"}',
        "1: import logging\n2: from %(thing)ss.models import %(Thing)s\n3: \n4: log = logging.getLogger(__name__)\n5: \n"
        "6: def %(verb)s(%(thing)s: %(Thing)s) -> None:\n"
        "7:     log.info('%(verb)s %%s', %(thing)s.id)\n8:     %(thing)s.%(field)s += %(decimal)s",
    ),
    (
        "run_tests",
        '{"path":"tests/test_%(thing)ss.py"}',
        "collected %(number)s items\n"
        "tests/test_%(thing)ss.py ....F..\nE   AssertionError: assert %(decimal)s == 0\n1 failed, 6 passed in 0.8s",
    ),
    (
        "query_database",
        '{"sql":"SELECT count(*) FROM %(thing)ss WHERE %(flag)s AND %(field)s > %(number)s"}',
        '{"rows":[[%(number)s]],"elapsed_ms":%(decimal)s}',
    ),
    ("fetch_page", '{"url":"https://example.com/%(thing)ss/%(hex)s"}', "<title>%(Thing)s %(hex)s</title><p>The %(thing)s is %(flag)s.</p>"),
)
