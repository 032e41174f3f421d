"""Names of invented companies and sellers in several scripts; web domains end in `.example`, which nobody owns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from abm_ml.sources.synthetic.laws import Array

# What software must bear: quotes, markup, a formula, nearly nothing.
HOSTILE = ('"Gänsefüßchen" & Söhne', "<script>alert('abm')</script>", "=1+1; DROP TABLE accounts;--", "-")


@dataclass(frozen=True, kw_only=True)
class Script:
    """How companies of a group of countries are called: `pattern` joins a first part, a second part and an ending.

    The parts map what is written to what its web domain says.
    """

    pattern: str
    firsts: Mapping[str, str]
    seconds: Mapping[str, str]
    endings: tuple[str, ...]

    @property
    def names(self) -> list[str]:
        """Every name that can be made."""
        parts = product(self.firsts, self.seconds, self.endings)
        return [self.pattern.format(first=first, second=second, ending=ending) for first, second, ending in parts]

    @property
    def slugs(self) -> list[str]:
        """The beginning of the web domain for each of the names."""
        parts = product(self.firsts.values(), self.seconds.values(), self.endings)
        return [first + second for first, second, _ in parts]


def _same(words: str) -> dict[str, str]:
    return {word: word.lower() for word in words.split()}


_LATIN_SECONDS = _same(
    "werk tec data sys log net lab gen med bau soft plan form kraft rail mark stahl agro pharm optik volt air mill port"
)
SCRIPTS: Mapping[str, Script] = {
    "latin": Script(
        pattern="{first}{second} {ending}",
        firsts=_same(
            "Nord Alta Vero Luma Kern Terra Opti Quanta Hansa Riva Sola Brio Cora Delta Ferra Gala Helio Indo Juno "
            "Kappa Lira Mira Nova Orbi Pala Quill Rhein Silva Tolle Umbra Vala Wester Xeno Yara Zeta Argo Beta Civi "
            "Domo Etna"
        ),
        seconds=_LATIN_SECONDS,
        endings=("GmbH", "AG", "Ltd", "Inc.", "B.V.", "Group"),
    ),
    "accents": Script(
        pattern="{first} {second}{ending}",
        firsts={
            "Müller": "mueller",
            "Société Générale d'Équipement": "sge",
            "Peña": "pena",
            "Łódź": "lodz",
            "Åkerström": "akerstroem",
            "Çelik": "celik",
            "Dvořák": "dvorak",
            "São Tomé": "saotome",
            "O'Brien": "obrien",
            "Größenwahn": "groessenwahn",
        },
        seconds={
            "Énergie": "energie",
            "Industrías": "industrias",
            "Maschinenbau": "maschinenbau",
            "Café": "cafe",
            "Läkemedel": "lm",
        },
        endings=(" & Söhne", " S.A.", " Sp. z o.o.", " AB", ""),
    ),
    "chinese": Script(
        pattern="{first}{second}{ending}",
        firsts={
            "华东": "huadong",
            "北辰": "beichen",
            "明远": "mingyuan",
            "天宇": "tianyu",
            "海润": "hairun",
            "金石": "jinshi",
        },
        seconds={"科技": "keji", "医药": "yiyao", "电子": "dianzi", "物流": "wuliu", "机械": "jixie"},
        endings=("有限公司", "股份有限公司", "集团"),
    ),
    "japanese": Script(
        pattern="{ending}{first}{second}",
        firsts={
            "山田": "yamada",
            "東洋": "toyo",
            "さくら": "sakura",
            "富士見": "fujimi",
            "ミライ": "mirai",
            "青木": "aoki",
        },
        seconds={"製作所": "seisakusho", "電機": "denki", "システム": "system", "化学": "kagaku"},
        endings=("株式会社", "合同会社"),
    ),
    "arabic": Script(
        pattern="{ending} {first} {second}",
        firsts={
            "النور": "alnoor",
            "الخليج": "alkhaleej",
            "الواحة": "alwaha",
            "المدينة": "almadina",
            "الرائد": "alraed",
        },
        seconds={"للتقنية": "tech", "للتجارة": "trade", "للصناعة": "industry", "الطبية": "medical"},
        endings=("شركة", "مجموعة"),
    ),
    "cyrillic": Script(
        pattern="{ending} «{first}{second}»",
        firsts={"Север": "sever", "Днепр": "dnepr", "Вектор": "vektor", "Полюс": "polyus", "Родина": "rodina"},
        seconds={"тех": "tekh", "строй": "stroy", "мед": "med", "снаб": "snab", "пром": "prom"},
        endings=("ООО", "АД", "ТОВ"),
    ),
    "greek": Script(
        pattern="{first} {second} {ending}",
        firsts={"Ελληνική": "elliniki", "Αιγαίο": "aigaio", "Όλυμπος": "olympos", "Θεσσαλία": "thessalia"},
        seconds={"Τεχνολογία": "technologia", "Ναυτιλία": "naftilia", "Ενέργεια": "energeia"},
        endings=("Α.Ε.", "Ε.Π.Ε."),
    ),
}

SELLERS = tuple(
    f"{first} {last}"
    for first, last in product(
        (
            "Anna",
            "Björn",
            "Chloé",
            "Dmitri",
            "Élodie",
            "Farid",
            "Giulia",
            "Hiroshi",
            "Inés",
            "Jürgen",
            "Kofi",
            "Lúcia",
            "Mei",
        ),
        (
            "Okafor",
            "Lindqvist",
            "Moreau",
            "Tanaka",
            "García",
            "Schäfer",
            "Novák",
            "Rossi",
            "O'Neill",
            "Papadopoulos",
            "Şahin",
        ),
    )
)


def company_names(scripts: Array, domains_from: int, dice: np.random.Generator) -> tuple[pa.Array, pa.Array]:
    """A name and a unique web domain per account; `scripts` holds the number of each account's script.

    The numbers in the domains count from `domains_from`.
    """
    written: list[str] = []
    slugs: list[str] = []
    starts, sizes = [], []
    for script in SCRIPTS.values():
        starts.append(len(written))
        sizes.append(len(script.names))
        written += script.names
        slugs += script.slugs
    picked = np.array(starts)[scripts] + (dice.random(len(scripts)) * np.array(sizes)[scripts]).astype(np.int64)
    picked[len(picked) // 7 : len(picked) // 7 + len(HOSTILE)] = len(written) + np.arange(len(HOSTILE))[: len(picked)]
    names = pa.array([*written, *HOSTILE]).take(pa.array(picked))
    beginnings = pa.array([*slugs, *(f"hostile{n}x" for n in range(len(HOSTILE)))]).take(pa.array(picked))
    counted = pa.array(domains_from + np.arange(len(scripts))).cast(pa.string())
    return names, pc.binary_join_element_wise(beginnings, counted, ".example", "")
