"""Make the demo catalogue: ``python -m demo_catalogue.make`` writes helpers/demo/*.csv.

Everything is drawn from authored vocabulary (vocabulary.py, queries.py) with one seeded generator, of which
only ``random()`` is used: Python promises the same numbers from it in every version, so the files are the
same bytes everywhere.  A product first gets latent attributes; its name tells some of them, in varying words;
its features tell them all.  Labels compare a query's wants with those attributes; they never see names or
scores.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any, TypeVar

from demo_catalogue import queries as authored
from demo_catalogue import vocabulary as words

SEED = 20_240_917
COLLECTION_QUERIES = 38
IRRELEVANT_SIBLINGS = 40  # per query, from the kinds of the right products and their hierarchy
IRRELEVANT_OTHERS = 80  # per query, from anywhere
MAX_RELEVANT = 800  # every Exact and Partial product is judged; a query with more is too vague to keep
MAX_NAME_WORDS = 12

LEVELS = {"colour": words.COLOURS, "material": words.MATERIALS, "style": words.STYLES, "theme": words.THEMES}
PRODUCT_COLUMNS = (
    *("product_id", "product_name", "product_class", "category hierarchy", "product_description"),
    *("product_features", "rating_count", "average_rating", "review_count"),
)
FACETS = ("collection", "style", "colour", "material", "size", "theme")
MUST_HOLD = ("collection", "theme")  # who names one of these wants nothing else

Entry = TypeVar("Entry")


@dataclass(frozen=True)
class Kind:
    """One kind of product, as vocabulary.KINDS describes it."""

    name: str
    count: int
    family: str
    product_class: str
    hierarchy: str
    nouns: str
    purpose: str
    palette: str
    materials: str
    sizes: str
    themes: str
    features: str

    @property
    def main_class(self) -> str:
        return self.product_class.partition("||")[0]


@dataclass
class Product:
    """A product's latent attributes: ``facets`` maps each of FACETS that it has to a value.

    The name, class and id that shoppers see come last and decide nothing.
    """

    kind: str
    facets: dict[str, str]
    features: tuple[str, ...]
    name: str = ""
    product_class: str = ""
    product_id: int = -1


@dataclass(frozen=True)
class Query:
    """What a shopper types (``text``) and means (the rest)."""

    text: str
    family: str
    kinds: tuple[str, ...]
    near_kinds: tuple[str, ...]
    wants: tuple[tuple[str, str], ...] = field(default=())


class Dice:
    """Choices made with ``random()`` alone, whose sequence Python keeps stable across versions."""

    def __init__(self, seed: int):
        self._random = Random(seed).random

    def chance(self, probability: float) -> bool:
        return self._random() < probability

    def below(self, n: int) -> int:
        return int(self._random() * n)

    def one(self, entries: Sequence[Entry]) -> Entry:
        """One entry of ``"a*3|b"`` or of a plain sequence, by weight."""
        weighted: list[tuple[Any, int]] = (
            _weighted(entries) if isinstance(entries, str) else [(entry, 1) for entry in entries]
        )
        ticket = self._random() * sum(weight for _, weight in weighted)
        for entry, weight in weighted:
            ticket -= weight
            if ticket < 0:
                return entry
        return weighted[-1][0]

    def shuffled(self, items: Iterable) -> list:
        items = list(items)
        for last in range(len(items) - 1, 0, -1):
            other = self.below(last + 1)
            items[last], items[other] = items[other], items[last]
        return items


def _weighted(entries: str) -> list[tuple[str, int]]:
    pairs = (entry.partition("*") for entry in entries.split("|"))
    return [(entry, int(weight or 1)) for entry, _, weight in pairs]


def _entries(text: str, separator: str = "|") -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(separator) if part.strip())


KINDS = {name: Kind(name, *row) for name, row in words.KINDS.items()}


def _neighbours(lines: Iterable[str]) -> dict[str, set[str]]:
    """For each entry, the others that share a line with it."""
    found: dict[str, set[str]] = defaultdict(set)
    for line in lines:
        for entry in _entries(line):
            found[entry] |= set(_entries(line)) - {entry}
    return found


KIN = _neighbours(words.KIN)
RIVALS = _neighbours(words.EXCLUSIVE)


# --- Labels -----------------------------------------------------------------------------------------------


def family_of(facet: str, value: str, kind: str = "") -> str:
    """The family of a facet's value: navy -> blue; for a size, by the scale of the kind: 84 wide -> large."""
    if facet == "size":
        scale = words.SIZES.get(KINDS[kind].sizes, {}) if kind else {}
        return scale[value][0] if value in scale else value
    levels = LEVELS.get(facet, {})
    return levels[value][0] if value in levels else value


def holds(product: Product, facet: str, wanted: str) -> float:
    """How far a want is met: 1 yes, 0.5 nearly (another value of the same family), 0 no."""
    if facet == "feature":
        return float(wanted in product.features)
    value = product.facets.get(facet)
    if value is None:
        return 0.0
    family = family_of(facet, value, product.kind)
    if wanted in (value, family):
        return 1.0
    return 0.5 if family == family_of(facet, wanted, product.kind) else 0.0


def judge(query: Query, product: Product) -> str:
    """Exact, Partial or Irrelevant, from latent attributes alone.

    Exact: a right kind, and every want met.
    Partial: a right kind, and all wants but one (two near misses make one); or a near kind, every want met.
    Irrelevant: the rest, and whatever misses the collection or theme that the query names.
    """
    met = [holds(product, facet, wanted) for facet, wanted in query.wants]
    # "owl statue": a bear statue comes near; "owl" alone: a bear does not.
    least = 0.5 if query.kinds else 1.0
    if any(facet in MUST_HOLD and value < least for (facet, _), value in zip(query.wants, met)):
        return "Irrelevant"
    missed = len(met) - sum(met)
    right = not query.kinds or product.kind in query.kinds
    if right and missed == 0:
        return "Exact"
    if (right and missed <= 1) or (product.kind in query.near_kinds and missed == 0):
        return "Partial"
    return "Irrelevant"


# --- Products ---------------------------------------------------------------------------------------------


def make_collections(dice: Dice) -> dict[str, list[tuple[str, str]]]:
    """Collections of each family, as (name, style); no name serves two families."""
    starts, ends, real = map(_entries, (words.COLLECTION_STARTS, words.COLLECTION_ENDS, words.REAL_NAMES))
    names = dice.shuffled(start + end for start in starts for end in ends if start + end not in real)
    collections = {}
    for family, (how_many, _) in words.COLLECTION_FAMILIES.items():
        collections[family] = [(names.pop(), dice.one(list(words.STYLES))) for _ in range(how_many)]
    return collections


def make_product(kind: Kind, collections: list[tuple[str, str]], dice: Dice) -> Product:
    """Draw the latent attributes of one product, then its class and name; product_id comes with its place."""
    facets: dict[str, str] = {}
    style = None
    if dice.chance(words.COLLECTION_FAMILIES[kind.family][1]):
        # The smaller of two draws: early collections are large, late ones rare.
        place = min(dice.below(len(collections)), dice.below(len(collections)))
        facets["collection"], style = collections[place]
    facets["style"] = style if style and dice.chance(0.8) else dice.one(list(words.STYLES))
    if kind.palette:
        facets["colour"] = dice.one(words.PALETTES.get(kind.palette, kind.palette))
    if kind.materials:
        facets["material"] = dice.one(words.MATERIAL_SETS.get(kind.materials, kind.materials))
    if kind.sizes:
        facets["size"] = dice.one(list(words.SIZES[kind.sizes]))
    if kind.themes:
        family = dice.one(words.THEME_SETS[kind.themes])
        facets["theme"] = dice.one([motif for motif, (theme, _) in words.THEMES.items() if theme == family])
    possible = _entries(kind.features)
    features: tuple[str, ...] = ()
    for feature in possible:
        if dice.chance(1.3 / (len(possible) + 0.5)) and not RIVALS[feature] & set(features):
            features += (feature,)
    product = Product(kind.name, facets, features)
    joined = kind.product_class.partition("||")[2]
    product.product_class = f"{kind.main_class}|{joined}" if joined and dice.chance(0.25) else kind.main_class
    product.name = make_name(product, kind, dice)
    return product


def make_name(product: Product, kind: Kind, dice: Dice) -> str:
    """A name of 3 to 12 words that tells some of the attributes."""
    parts = {f: dice.one(LEVELS[f][value][1]) for f, value in product.facets.items() if f in LEVELS}
    if "size" in product.facets:
        parts["size"] = dice.one(words.SIZES[kind.sizes][product.facets["size"]][1])
    if "collection" in product.facets:
        parts["collection"] = product.facets["collection"]
    told = {"collection": 0.85, "size": 0.5, "style": 0.22, "colour": 0.5, "material": 0.5, "theme": 0.97}
    if kind.sizes in ("bed", "kidbed", "bunk", "drawers", "lights1", "lights2", "seat", "pieces", "people"):
        told["size"] = 0.75
    kept = {facet: text for facet, text in parts.items() if dice.chance(told[facet])}
    features = [dice.one(words.FEATURES[feature]) for feature in product.features if dice.chance(0.85)]
    before = [text for text in features if not text.startswith(("with ", "and ", "on "))]
    after = [text for text in features if text not in before][:1]
    noun = "" if dice.chance(0.1) and len(kept) + len(before) > 2 else dice.one(kind.nouns)
    if dice.chance(0.2) and "colour" in kept:
        after, kept["colour"] = [*after, f"in {kept['colour']}"], ""
    order = ("size", "style", "colour", "material")
    if dice.chance(0.4):
        order = ("style", "size", "material", "colour")

    def put_together() -> str:
        looks = [kept.get(facet, "") for facet in ("collection", *order)]
        return " ".join(filter(None, [*looks, *before, kept.get("theme", ""), noun, *after]))

    droppable = [facet for facet in ("style", "material", "colour", "size") if facet in kept]
    while len(put_together().split()) > MAX_NAME_WORDS:
        if droppable:
            kept[droppable.pop(0)] = ""
        elif before:
            before.pop()
        else:
            after.pop()
    missing = [f for f in ("material", "colour", "size", "style") if f in parts and f not in kept]
    while len(put_together().split()) < 3 and missing:
        facet = missing.pop(0)
        kept[facet] = parts[facet]
    return put_together()


def add_warts(products: list[Product], dice: Dice) -> None:
    """Give a few products what real catalogues have: no class, a slip of the pen, another product's name."""
    for product in products:
        if dice.chance(0.04):
            product.product_class = ""
        if dice.chance(0.004):
            at = 1 + dice.below(len(product.name) - 2)
            if product.name[at - 1 : at + 2].isalpha():
                product.name = product.name[:at] + product.name[at + 1 :]
    by_kind = defaultdict(list)
    for product in products:
        by_kind[product.kind].append(product)
    for siblings in by_kind.values():
        if dice.chance(0.15):
            siblings[-1].name = siblings[0].name
            siblings[-1].facets = dict(siblings[0].facets)
            siblings[-1].features = siblings[0].features


def make_products(dice: Dice) -> list[Product]:
    """All products in a mixed order; product_id is the position."""
    collections = make_collections(dice)
    kinds = [kind for kind in KINDS.values() for _ in range(kind.count)]
    products = [make_product(kind, collections[kind.family], dice) for kind in kinds]
    add_warts(products, dice)
    products = dice.shuffled(products)
    for position, product in enumerate(products):
        product.product_id = position
    return products


# --- Queries ----------------------------------------------------------------------------------------------


def make_query(family: str, text: str, kinds: str, wants: str, near: str | None = None) -> Query:
    """Read one line of queries.py."""
    right = _entries(kinds, ",")
    if near is None:
        kin = {k for kind in right for k in KIN[kind]} - set(right) if wants else set()
    else:
        kin = set(_entries(near, ","))
    pairs = tuple((facet.strip(), value.strip()) for facet, value in (w.split("=") for w in _entries(wants, ";")))
    for kind in (*right, *kin):
        KINDS[kind]
    return Query(text, family, right, tuple(sorted(kin)), pairs)


def collection_queries(products: list[Product], dice: Dice) -> list[Query]:
    """Queries that name a rare collection: one of few pieces, so that nothing but its name finds them."""
    members = defaultdict(list)
    for product in products:
        if product.facets.get("collection") in product.name.split():
            members[product.facets["collection"]].append(product)
    rare = [name for name in sorted(members) if 3 <= len(members[name]) <= 16]
    made: list[Query] = []
    for name in dice.shuffled(rare):
        phrase = authored.COLLECTION_PHRASES[len(made) % len(authored.COLLECTION_PHRASES)]
        product = dice.one(members[name])
        kind = product.kind if "{n}" in phrase else ""
        colour = family_of("colour", product.facets.get("colour", ""))
        wants = f"collection={name}" + (f"; colour={colour}" if "{colour}" in phrase else "")
        query = make_query("collections", phrase.format(c=name, n=kind, colour=colour), kind, wants)
        # A name that only one product bears would make a search of one; two or more make a small range.
        if colour and sum(judge(query, other) != "Irrelevant" for other in members[name]) >= 2:
            made.append(query)
        if len(made) == COLLECTION_QUERIES:
            return made
    raise ValueError(f"{len(rare)} rare collections gave {len(made)} queries, not {COLLECTION_QUERIES}")


def make_queries(products: list[Product], dice: Dice) -> list[Query]:
    """All queries in a mixed order; query_id is the position."""
    lines = [(family, *line) for family, family_lines in authored.QUERIES.items() for line in family_lines]
    return dice.shuffled([make_query(*line) for line in lines] + collection_queries(products, dice))


def make_labels(queries: list[Query], products: list[Product], dice: Dice) -> list[tuple[int, int, str]]:
    """(query_id, product_id, label): every Exact and Partial product, and a sample of the Irrelevant ones."""
    labels = []
    for query_id, query in enumerate(queries):
        judged = {product.product_id: judge(query, product) for product in products}
        relevant = [i for i, label in judged.items() if label != "Irrelevant"]
        if not 0 < len(relevant) <= MAX_RELEVANT:
            raise ValueError(f"Query {query.text!r} has {len(relevant)} relevant products; change its wants.")
        places = {KINDS[products[i].kind].hierarchy for i in relevant}
        others = dice.shuffled(i for i, label in judged.items() if label == "Irrelevant")
        siblings = [i for i in others if KINDS[products[i].kind].hierarchy in places][:IRRELEVANT_SIBLINGS]
        rest = [i for i in others if i not in set(siblings)][:IRRELEVANT_OTHERS]
        labels += [(query_id, i, judged[i]) for i in sorted([*relevant, *siblings, *rest])]
    return labels


# --- Files ------------------------------------------------------------------------------------------------


def describe(product: Product) -> tuple[str, str]:
    """product_description and product_features: all that a shopper could know of the product."""
    kind, facets = KINDS[product.kind], product.facets
    looks = " ".join(facets[f] for f in ("colour", "material") if f in facets)
    theme = f", {facets['theme']} design" if "theme" in facets else ""
    looks = f" in {looks}" if looks else ""
    description = f"{facets['style']} {kind.name}{looks}{theme}, for {kind.purpose}."
    told = [f"{facet}:{facets[facet]}" for facet in FACETS if facet in facets]
    return description, "|".join([*told, *(f"feature:{feature}" for feature in product.features)])


def write_table(path: Path, header: Sequence[str], rows: Iterable[Sequence]) -> None:
    """A tab-separated file in the layout of WANDS, the same bytes on every system."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter="\t", lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def product_rows(products: list[Product], dice: Dice) -> Iterable[tuple]:
    for product in products:
        kind = KINDS[product.kind]
        ratings = ("", "", "")  # one product in five has none yet
        if dice.chance(0.8):
            count, stars = 1 + dice.below(40) * dice.below(30), (6 + dice.below(5)) / 2
            ratings = (f"{count}.0", f"{stars:.1f}", f"{1 + dice.below(count)}.0")
        hierarchy = f"{kind.hierarchy} / {kind.main_class}"
        yield product.product_id, product.name, product.product_class, hierarchy, *describe(product), *ratings


def make(folder: Path) -> tuple[list[Product], list[Query], list[tuple[int, int, str]]]:
    """Write the three files to ``folder`` and return what they were made from."""
    dice = Dice(SEED)
    products = make_products(dice)
    queries = make_queries(products, dice)
    labels = make_labels(queries, products, dice)
    write_table(folder / "product.csv", PRODUCT_COLUMNS, product_rows(products, dice))
    classes = [KINDS[query.kinds[0]].main_class if query.kinds else "" for query in queries]
    query_rows = [(i, query.text, name) for i, (query, name) in enumerate(zip(queries, classes))]
    write_table(folder / "query.csv", ["query_id", "query", "query_class"], query_rows)
    label_rows = [(i, *label) for i, label in enumerate(labels)]
    write_table(folder / "label.csv", ["id", "query_id", "product_id", "label"], label_rows)
    return products, queries, labels


if __name__ == "__main__":
    target = Path(__file__).parents[1] / "helpers" / "demo"
    products, queries, labels = make(target)
    print(f"wrote {len(products)} products, {len(queries)} queries, {len(labels)} labels to {target}")
