"""Commands about the store and the record: stats, fields."""

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from generations.cli import printing
from generations.cli.options import AsTable, Data, PriceFile, Project, collection, is_table
from generations.cli.pricing import show_unpriced
from generations.jobs import answers

if TYPE_CHECKING:
    from generations.store.collection import Collection

_MODELS_SHOWN = 20


Unpriced = Annotated[bool, typer.Option("--unpriced", help="List the models of records without a cost, and why they have none.")]


def stats(
    context: typer.Context,
    *,
    unpriced: Unpriced = False,
    prices: PriceFile = None,
    as_table: AsTable = None,
    data: Data = None,
    project: Project = None,
) -> None:
    """Show how much there is: records, models, time, cost, disk.

    Examples:
      generations stats
      generations stats --json | jq .cost
      generations stats --unpriced
    """
    with collection(context, data, project) as generations:
        if unpriced:
            show_unpriced(generations, prices, in_table=is_table(as_table))
            return
        found = _stats(generations)
    if not is_table(as_table):
        printing.write_line(answers.answer_line(found))
        return
    size = found["disk"]
    lines = [
        ("store", found["store"]),
        ("project", found["project"]),
        ("records", f"{found['records']:,}"),
        ("from", found["from"]),
        ("to", found["to"]),
        *(("cost", f"{amount:,.6g} {currency or '(currency unknown)'}") for currency, amount in found["cost"].items()),
    ]
    if size["parts"] is None:  # a server tells a key nothing of other projects, and parts hold the records of all
        lines.append(("versions", f"{size['versions']:,} of {size['records']:,} records"))
    else:
        lines += [
            ("on disk", f"{_bytes(size['compressedBytes'])} ({_bytes(size['uncompressedBytes'])} uncompressed, all projects)"),
            ("versions", f"{size['versions']:,} of {size['records']:,} records in {size['parts']:,} parts (all projects)"),
        ]
    width = max(len(name) for name, _ in lines)
    for name, value in lines:
        sys.stdout.write(f"{name:<{width}}  {printing.cell(value)}\n")
    if found["models"]:
        sys.stdout.write("\n")
        printing.print_documents(found["models"][:_MODELS_SHOWN])


def _stats(generations: "Collection") -> dict[str, Any]:
    """The numbers of one project, and the size of the whole store."""
    span = {"_id": None, "from": {"$min": "$timestamp"}, "to": {"$max": "$timestamp"}, "records": {"$sum": 1}}
    whole = next(generations.aggregate([{"$group": span}]), dict[str, Any]())
    costs = generations.aggregate(
        [{"$match": {"usage.cost": {"$ne": None}}}, {"$group": {"_id": "$usage.currency", "cost": {"$sum": "$usage.cost"}}}]
    )
    tokens = "$usage.totalTokens"
    models = generations.aggregate(
        [
            {"$group": {"_id": "$model.id", "records": {"$sum": 1}, "tokens": {"$sum": tokens}, "most": {"$max": tokens}}},
            {"$sort": {"records": -1, "_id": 1}},
            {"$project": {"_id": 0, "model": "$_id", "records": 1, "tokens": {"$cond": [{"$eq": ["$most", None]}, None, "$tokens"]}}},
        ]
    )
    size = generations.stats()
    return {
        "store": generations.name,
        "project": generations.project,
        "records": whole.get("records", 0),
        "from": whole.get("from"),
        "to": whole.get("to"),
        "cost": {item.get("_id") or "": item["cost"] for item in costs},
        "models": [{"model": item["model"], "records": item["records"], "tokens": item["tokens"]} for item in models],
        "disk": {
            "compressedBytes": size.compressed_bytes,
            "uncompressedBytes": size.uncompressed_bytes,
            "records": size.records,
            "versions": size.versions,
            "parts": size.parts,
        },
    }


def fields(*, as_table: AsTable = None) -> None:
    """Show the fields of a record: path, type, unit, meaning.

    Examples:
      generations fields
      generations fields --json | jq -r .path
    """
    from generations.record.fields import FIELDS  # noqa: PLC0415 - help needs no table

    if is_table(as_table):
        rows = [(field.path, field.type, field.unit, "|".join(field.values), field.doc) for field in FIELDS]
        printing.print_table(rows, ("path", "type", "unit", "values", "meaning"))
        return
    for field in FIELDS:
        about = {"path": field.path, "type": field.type, "unit": field.unit, "values": list(field.values) or None, "doc": field.doc}
        about |= {"required": field.required or None, "keptByStore": field.kept_by_store or None, "privacy": field.privacy}
        printing.write_line(answers.answer_line({name: value for name, value in about.items() if value is not None}))


def _bytes(count: int) -> str:
    size, unit = float(count), "B"
    for larger in ("KiB", "MiB", "GiB", "TiB"):
        if size < 1024:
            break
        size, unit = size / 1024, larger
    return f"{size:,.0f} {unit}" if unit == "B" else f"{size:,.1f} {unit}"
