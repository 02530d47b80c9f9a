"""TMX and XLIFF: languages, inline tags, states, and broken or hostile files."""

import gzip
import tempfile
import tracemalloc
from pathlib import Path
from xml.sax.saxutils import escape

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqloom.corpus.column_preview import preview
from seqloom.corpus.column_roles import detect_roles
from seqloom.corpus.language_variants import closest
from seqloom.corpus.pairs import RawPair
from seqloom.corpus.readers import read_pairs
from seqloom.corpus.sources import locate
from seqloom.errors import UserError

from .files import corpus, pairs_in, refusal

REAL = Path(__file__).parents[2].parent / "shared" / "data" / "tmx_xliff_real"


def read(path: Path, content: str | bytes, **fields: object) -> list[RawPair]:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    section = corpus(**{"train": [str(path)], **fields})
    return pairs_in(locate(section, path.parent).train.rows[0], section)


def texts(pairs: list[RawPair]) -> list[tuple[str, str]]:
    return [(pair.source, pair.target) for pair in pairs if not pair.flaw]


def tmx(*units: dict[str, str], lang: str = "xml:lang", srclang: str = "en-US") -> str:
    """A memory of units, each a text by language; the second line is the first unit."""
    body = "".join(
        "<tu>"
        + "".join(f'<tuv {lang}="{code}"><prop type="x">p</prop><seg>{seg}</seg></tuv>' for code, seg in u.items())
        + "<note>n</note></tu>\n"
        for u in units
    )
    return f'<tmx version="1.4"><header srclang="{srclang}"><note>about</note></header><body>\n{body}</body></tmx>\n'


def xliff(*units: str, source: str = "en", target: str = "de") -> str:
    languages = f'source-language="{source}" target-language="{target}"'
    body = "\n".join(units)
    return (
        '<?xml version="1.0"?><xliff xmlns="urn:oasis:names:tc:xliff:document:1.2" version="1.2">'
        f'<file {languages} original="x"><header><note>n</note></header><body>\n{body}\n</body></file></xliff>'
    )


def unit(source: str, target: str, attributes: str = "", state: str = "", more: str = "") -> str:
    said = f' state="{state}"' if state else ""
    return f'<trans-unit id="1"{attributes}><source>{source}</source><target{said}>{target}</target>{more}</trans-unit>'


def xliff2(*segments: str) -> str:
    body = "\n".join(f"<unit id='u'>{segment}</unit>" for segment in segments)
    return (
        '<xliff xmlns="urn:oasis:names:tc:xliff:document:2.0" version="2.0" srcLang="en" trgLang="de">'
        f"<file id='f'><notes><note>n</note></notes>\n{body}</file></xliff>"
    )


@pytest.mark.parametrize(
    ("wanted", "found", "expected"),
    [
        ("en", ["en-US", "fr"], [0]),
        ("en", ["EN", "en-GB"], [0]),
        ("en", ["en_US", "en-GB"], [0, 1]),
        ("en-US", ["en-GB"], []),
        ("en-US", ["en", "en-US"], [1]),
        ("pt-BR", ["pt"], [0]),
        ("zh", ["zh-TW", "zh-CN"], [1]),
        ("zh", ["zh-TW"], [0]),
        ("zh-CN", ["zh-Hans"], [0]),
        ("zh-TW", ["zh-Hans"], []),
        ("sr", ["sr-Latn"], [0]),
        ("de", ["German", "und"], [0]),
        ("de", ["x-klingon", ""], []),
    ],
)
def test_codes_are_matched_loosely(wanted: str, found: list[str], expected: list[int]) -> None:
    assert closest(wanted, found) == expected


THREE = [{"en-US": "dog", "de-DE": "Hund", "fr": "chien"}, {"de-DE": "Katze", "en-GB": "cat"}, {"fr": "rien"}]


@pytest.mark.parametrize(
    ("fields", "units", "expected"),
    [
        ({}, [{"de": "Hund", "en-US": "dog"}], [("dog", "Hund")]),
        ({"source_language": "de"}, [{"de": "Hund", "en-US": "dog"}], [("Hund", "dog")]),
        ({"source_language": "en", "target_language": "de"}, THREE, [("dog", "Hund"), ("cat", "Katze")]),
        ({"source_language": "fr", "target_language": "en"}, THREE, [("chien", "dog")]),
        ({"target_language": "fr", "source_language": "de"}, THREE, [("Hund", "chien")]),
        ({}, [{"zh-CN": "a", "zh-TW": "b"}], [("a", "b")]),
        ({}, [{"en-US": "dog", "de": "Hund"}, {"en-GB": "cat", "de": "Katze"}], [("dog", "Hund"), ("cat", "Katze")]),
        ({"target_language": "pt", "source_language": "en"}, [{"en": "a", "pt-BR": "b", "pt-PT": "c"}],
         [("a", "b"), ("a", "c")]),
    ],
)  # fmt: skip
@pytest.mark.parametrize("lang", ["xml:lang", "lang"])
def test_the_languages_choose(
    lang: str, fields: dict[str, str], units: list[dict[str, str]], expected: list[tuple[str, str]], tmp_path: Path
) -> None:
    found = read(tmp_path / "a.tmx", tmx(*units, lang=lang), **fields)
    assert texts(found) == expected
    assert {pair.flaw for pair in found} <= {"", "missing language"}


def test_units_have_lines_and_missing_languages_are_counted(tmp_path: Path) -> None:
    found = read(tmp_path / "a.tmx", tmx(*THREE), source_language="en", target_language="de")
    assert [(pair.line, pair.flaw) for pair in found] == [(2, ""), (3, ""), (4, "missing language")]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({}, "a.tmx: is in en-US, de-DE, fr, en-GB, and what is meant is not said; set corpus.source_language and"),
        ({"source_language": "en"}, "what is meant beside en is not said; set corpus.target_language"),
        ({"source_language": "en", "target_language": "ja"},
         "a.tmx: no unit has both en and ja, as it is in en-US, de-DE, fr; correct corpus.source_language"),
    ],
)  # fmt: skip
def test_languages_that_are_not_told_are_asked_for(fields: dict[str, str], said: str, tmp_path: Path) -> None:
    assert said in refusal(tmp_path / "a.tmx", tmx(*THREE), **fields)


TAGS = [
    # TMX 1.4, the source and the target, dropped and kept
    ('a <bpt i="1" x="1">&lt;b&gt;</bpt>b<ept i="1">&lt;/b&gt;</ept><ph x="2">%s</ph>',
     '<ph x="2">%s</ph><bpt i="2" x="1">{</bpt>B<ept i="2">}</ept> A',
     ("a b", "B A"), ("a <1>b</1><2/>", "<2/><1>B</1> A")),
    ('x<hi type="b">y</hi><it pos="begin">z</it>', "<hi>Y</hi>X", ("xy", "YX"), ("x<1>y</1><2/>", "<1>Y</1>X")),
    ("one<ph type='lb'/>two", "eins<ut>q</ut>zwei", ("one\ntwo", "einszwei"), ("one\ntwo", "eins<1/>zwei")),
    ("<ph>a <sub>inner</sub></ph>b", "B", ("b", "B"), ("<1/>b", "B")),
]  # fmt: skip
TAGS_1 = [
    ('<g id="7">a</g> <x id="8"/>b', '<x id="8"/>B <g id="7">A</g>',
     ("a b", "B A"), ("<1>a</1> <2/>b", "<2/>B <1>A</1>")),
    ('<bx id="1" rid="1"/>a<ex id="2" rid="1"/>', "A", ("a", "A"), ("<1>a</1>", "A")),
    ('a<x id="1" ctype="lb"/><mrk mtype="term">b</mrk>', "A", ("a\nb", "A"), ("a\nb", "A")),
]  # fmt: skip
TAGS_2 = [
    ('<pc id="1">a</pc><ph id="2"/>', '<ph id="2"/><pc id="1">A</pc>', ("a", "A"), ("<1>a</1><2/>", "<2/><1>A</1>")),
    ('<sc id="1"/>a<ec startRef="1"/><cp hex="001A"/>', '<mrk id="m">A</mrk><sm/>', ("a", "A"), ("<1>a</1>", "A")),
]  # fmt: skip
FORMS = {
    "tmx": (TAGS, lambda source, target: tmx({"en": source, "de": target})),
    "xlf": (TAGS_1, lambda source, target: xliff(unit(source, target))),
    "xliff": (
        TAGS_2,
        lambda source, target: xliff2(f"<segment><source>{source}</source><target>{target}</target></segment>"),
    ),
}


@pytest.mark.parametrize("kept", [False, True])
@pytest.mark.parametrize(("ending", "number"), [(ending, n) for ending in FORMS for n in range(len(FORMS[ending][0]))])
def test_inline_tags(ending: str, number: int, kept: bool, tmp_path: Path) -> None:
    table, build = FORMS[ending]
    source, target, dropped, placed = table[number]
    found = read(tmp_path / f"a.{ending}", build(source, target), inline_tags="keep" if kept else "drop")
    assert texts(found) == [placed if kept else dropped]


STATES = [
    ("", ""),
    ("translated", ""),
    ("final", ""),
    ("signed-off", ""),
    ("new", "untranslated"),
    ("needs-translation", "untranslated"),
    ("needs-review-translation", "fuzzy"),
    ("needs-l10n", "fuzzy"),
]


@pytest.mark.parametrize(("state", "flaw"), STATES)
def test_states_of_xliff_1(state: str, flaw: str, tmp_path: Path) -> None:
    content = xliff(unit("a", "A", state=state))
    [pair] = read(tmp_path / "a.xlf", content)
    assert (pair.source, pair.target, pair.line, pair.flaw) == ("a", "A", 2, flaw)
    [pair] = read(tmp_path / "b.xlf", content, fuzzy=True)
    assert pair.flaw == ("untranslated" if flaw == "untranslated" else "")


def test_what_xliff_1_has_beside_its_units(tmp_path: Path) -> None:
    found = read(
        tmp_path / "a.xlf",
        xliff(
            unit("a", "A", more="<note>n</note><alt-trans><source>x</source><target>y</target></alt-trans>"),
            unit("b", ""),
            '<trans-unit id="3"><source>c</source></trans-unit>',
            unit("d", "d", ' translate="no"'),
            '<bin-unit id="4"><bin-source/></bin-unit>',
            '<trans-unit id="5"><source>one two</source><seg-source><mrk mtype="seg" mid="0">one</mrk> <g id="1">'
            '<mrk mtype="seg" mid="1">two</mrk></g></seg-source><target><mrk mtype="seg" mid="0">eins</mrk> <g id="1">'
            '<mrk mtype="seg" mid="1">zwei</mrk></g></target></trans-unit>',
        ),
    )
    assert [(pair.source, pair.target, pair.flaw) for pair in found] == [
        ("a", "A", ""),
        ("b", "", "untranslated"),
        ("c", "", "untranslated"),
        ("d", "d", "not to be translated"),
        ("one", "eins", ""),
        ("two", "zwei", ""),
    ]


def test_segments_of_xliff_2(tmp_path: Path) -> None:
    content = xliff2(
        "<notes><note>n</note></notes><originalData><data id='d'>x</data></originalData><segment><source>a</source>"
        "<target>A</target></segment><ignorable><source> </source></ignorable>\n"
        "<segment state='initial'><source>b</source><target>B</target></segment><segment><source>c</source></segment>"
    )
    found = read(tmp_path / "a.xlf", content)
    assert [(pair.source, pair.line, pair.flaw) for pair in found] == [
        ("a", 2, ""),
        ("b", 3, "fuzzy"),
        ("c", 3, "untranslated"),
    ]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, ("a", "A")),
        ({"source_language": "en"}, ("a", "A")),
        ({"source_language": "de", "target_language": "en"}, ("A", "a")),
        ({"target_language": "en-US"}, ("A", "a")),
    ],
)
def test_xliff_is_read_in_both_directions(fields: dict[str, str], expected: tuple[str, str], tmp_path: Path) -> None:
    assert texts(read(tmp_path / "a.xlf", xliff(unit("a", "A"), source="en", target="de-DE"), **fields)) == [expected]


def test_xliff_of_other_languages(tmp_path: Path) -> None:
    content = xliff(unit("a", "A"))
    said = refusal(tmp_path / "a.xlf", content, source_language="en", target_language="fr")
    assert "a.xlf: is en to de, and the recipe says en to fr; correct corpus.source_language and" in said
    several = content.replace("</xliff>", "") + xliff(unit("b", "B"), target="fr").partition('1.2">')[2]
    found = read(tmp_path / "b.xlf", several, source_language="en", target_language="fr")
    assert [(pair.source, pair.flaw) for pair in found] == [("a", "other language"), ("b", "")]


ENTITY = "<!DOCTYPE tmx [<!ENTITY x {}>]>\n"
BOMB = '<!DOCTYPE tmx [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>\n'
ONE = tmx({"en": "a", "de": "b"})
BROKEN = [
    ("bomb", BOMB + ONE.replace(">a<", ">&b;<"), "line 1: declares the entity 'a', which could read files or fill"),
    ("file", ENTITY.format('SYSTEM "file:///etc/passwd"') + ONE, "line 1: declares the entity 'x'"),
    ("net", ENTITY.format('PUBLIC "p" "http://127.0.0.1/x"') + ONE, "declares the entity 'x'"),
    ("parameter", '<!DOCTYPE tmx [<!ENTITY % x SYSTEM "file:///etc/passwd">%x;]>\n' + ONE, "declares the entity 'x'"),
    ("undeclared", '<!DOCTYPE tmx SYSTEM "tmx14.dtd">\n' + ONE.replace(">a<", ">&nbsp;<"), "line 3: uses the entity"),
    ("unknown", ONE.replace(">a<", ">&nbsp;<"), "line 2: not well-formed XML (undefined entity)"),
    ("ampersand", ONE.replace(">a<", ">a & b<"), "line 2: not well-formed XML"),
    ("cut", ONE[:-20], "not well-formed XML (no element found); export or copy it again"),
    ("two", ONE + ONE, "line 4: not well-formed XML (junk after document element)"),
    ("deep", tmx({"en": "<hi>" * 200 + "</hi>" * 200, "de": "b"}), "line 2: more than 100 elements one in the other"),
    ("packed", gzip.compress(ONE.encode() * 1000)[:100], "damaged gzip data"),
    ("encoding", '<?xml version="1.0" encoding="klingon"?>' + ONE, "line 1: the encoding klingon is not known here"),
    ("other", "<xliff/>", "is an XLIFF file and not tmx; set corpus.format to xliff"),
    ("text", "source\ttarget\n", "line 1: not well-formed XML"),
    ("unit", ONE.replace("<tuv", "<x").replace("</tuv", "</x"), "a tu without a tuv"),
]  # fmt: skip


@pytest.mark.parametrize(("content", "said"), [pytest.param(*case[1:], id=case[0]) for case in BROKEN])
def test_a_broken_memory_is_a_sentence(content: str | bytes, said: str, tmp_path: Path) -> None:
    fields = {"source_language": "en", "target_language": "de", "format": "tmx"}
    sentence = refusal(tmp_path / "a.tmx", content, **fields)
    assert sentence.startswith(f"{tmp_path}/a.tmx")
    assert said in sentence
    assert "\n" not in sentence


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (b"\xef", "undecodable bytes"),
        (b"\0", "malformed row"),
        (b"\x1f", "malformed row"),
        (b"&#x1F;", "malformed row"),
        (b"&#31;", "malformed row"),
        (b"&#xD83D;", "malformed row"),
    ],
)
@pytest.mark.parametrize("padding", [0, 65_536 - 330])
def test_a_bad_character_costs_its_unit_alone(bad: bytes, reason: str, padding: int, tmp_path: Path) -> None:
    """Also where it stands at the end of what is read at once."""
    content = tmx({"en": "x" * padding, "de": "y"}, {"en": "BAD", "de": "b"}, {"en": "&#x41;&amp;", "de": "d"})
    (tmp_path / "a.tmx").write_bytes(content.encode().replace(b"BAD", b"q" + bad))
    section = corpus(train=[str(tmp_path / "a.tmx")])
    first, wrong, last = read_pairs(locate(section, tmp_path).train.rows[0], section)
    assert (wrong.reason, wrong.line) == (reason, 3)
    assert (last.source, last.line, first.line) == ("A&", 4, 2)


@pytest.mark.parametrize(
    ("encoding", "declared"),
    [
        ("utf-8", ""),
        ("utf-8-sig", "UTF-8"),
        ("utf-16", "UTF-16"),
        ("utf-16-be", "UTF-16"),
        ("utf-8", "UTF-16"),
        ("cp1252", "windows-1252"),
        ("gb18030", "GB18030"),
        ("shift_jis", "Shift_JIS"),
    ],
)
def test_encodings_of_a_memory(encoding: str, declared: str, tmp_path: Path) -> None:
    text = {"cp1252": "für 5 €", "shift_jis": "日本語", "gb18030": "中文 €"}.get(encoding, "ü 中")
    content = (f'<?xml version="1.0" encoding="{declared}"?>\r\n' if declared else "") + tmx({"en": text, "de": "b"})
    assert texts(read(tmp_path / "a.tmx", content.encode(encoding))) == [(text, "b")]


def test_a_document_type_is_named_and_not_fetched(tmp_path: Path) -> None:
    content = '<!DOCTYPE tmx PUBLIC "-//LISA OSCAR:1998//DTD" "http://127.0.0.1:9/tmx14.dtd">\n' + ONE
    assert texts(read(tmp_path / "a.tmx", content)) == [("a", "b")]
    assert texts(read(tmp_path / "a.xml", content)) == [("a", "b")]
    assert "is a translation memory (TMX) and not csv" in refusal(tmp_path / "a.txt", content, format="csv")


XML_TEXT = st.text(
    st.characters(blacklist_categories=["Cs", "Cc"], blacklist_characters="\ufdd0\ufdd1\ufffe\uffff"), min_size=1
)


@settings(max_examples=40, deadline=None)
@given(
    pairs=st.lists(st.tuples(XML_TEXT, XML_TEXT.filter(str.strip)), min_size=1, max_size=6),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    form=st.sampled_from(["tmx", "xlf", "xliff"]),
)
def test_pairs_written_are_pairs_read(pairs: list[tuple[str, str]], encoding: str, form: str) -> None:
    escaped = [(escape(source), escape(target)) for source, target in pairs]
    if form == "tmx":
        content = tmx(*({"en": source, "de": target} for source, target in escaped))
    elif form == "xlf":
        content = xliff(*(unit(*pair) for pair in escaped))
    else:
        content = xliff2(*(f"<segment><source>{s}</source><target>{t}</target></segment>" for s, t in escaped))
    with tempfile.TemporaryDirectory() as folder:
        assert texts(read(Path(folder) / f"a.{form}", content.encode(encoding))) == pairs


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    peaks = []
    for units in (600, 2400):
        (tmp_path / "a.tmx").write_text(tmx(*({"en": f"text {n}", "de": "b" * 50} for n in range(units))))
        section = corpus(train=[str(tmp_path / "a.tmx")], source_language="en", target_language="de")
        files = locate(section, tmp_path).train.rows[0]
        tracemalloc.start()
        assert sum(1 for _ in read_pairs(files, section)) == units
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.5 * peaks[0]


@pytest.mark.parametrize(
    ("content", "languages"),
    [
        (tmx({"de": "b", "en-US": "a"}), ("en-US", "de")),
        (xliff(unit("a", "A"), target="zh-Hans"), ("en", "zh-Hans")),
        (xliff2("<segment><source>a</source></segment>"), ("en", "de")),
    ],
)
def test_init_finds_the_languages(content: str, languages: tuple[str, str], tmp_path: Path) -> None:
    (tmp_path / "a.xml").write_text(content)
    roles = detect_roles(preview(str(tmp_path / "a.xml"), tmp_path))
    assert roles is not None
    assert (roles.task, roles.source, roles.source_language, roles.target_language) == ("translation", "", *languages)


def test_init_asks_which_of_three(tmp_path: Path) -> None:
    (tmp_path / "a.tmx").write_text(tmx(*THREE))
    table = preview(str(tmp_path / "a.tmx"), tmp_path)
    assert detect_roles(table) is None
    chosen = detect_roles(table, "fr", "en")
    assert chosen is not None
    assert (chosen.source_language, chosen.target_language) == ("fr", "en")
    with pytest.raises(UserError, match="is not in ja: --source may be en-US, de-DE, fr"):
        detect_roles(table, "ja", "en")


COUNTS = {
    "omegat_ui_en_zh-CN.tmx": (1715, 0, 0),
    "omegat_website_en_zh-CN.tmx": (496, 0, 0),
    "msbuild_Build.zh-Hans.xlf": (620, 1, 0),
    "msbuild_MSBuild.de.xlf": (174, 9, 5),
    "msbuild_MSBuild.zh-Hans.xlf": (174, 9, 5),
}


@pytest.mark.skipif(not REAL.is_dir(), reason="the real files are not here")
@pytest.mark.parametrize("name", COUNTS)
def test_real_files_are_read_whole(name: str, tmp_path: Path) -> None:
    section = corpus(train=[str(REAL / name)])
    flaws = [pair.flaw for pair in pairs_in(locate(section, tmp_path).train.rows[0], section)]
    assert tuple(map(flaws.count, ("", "untranslated", "fuzzy"))) == COUNTS[name]
    assert len(flaws) == sum(COUNTS[name])
