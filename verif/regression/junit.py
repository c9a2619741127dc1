"""The report of a session as JUnit XML, which CI systems read."""

from __future__ import annotations

import re
from xml.etree import ElementTree

from verif.regression.records import Case, Session

# Terminal colours and the like, which XML cannot hold.
_NOT_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render(session: Session) -> str:
    """The document."""
    tally = session.tally
    suite = ElementTree.Element(
        "testsuite",
        name="regression",
        tests=str(len(session.cases)),
        failures=str(len(session.failed)),
        errors=str(len(session.faults)),
        skipped=str(tally.skipped),
        time=f"{session.seconds:.3f}",
        timestamp=session.started,
    )
    hit, total = session.bins
    _properties(
        suite,
        {
            "seed": session.seed,
            "effort": session.effort,
            "command": session.command,
            "functional coverage": f"{hit} of {total} bins",
        },
    )
    suite.extend(_case(session, case) for case in session.cases)
    for fault in session.faults:
        case = ElementTree.SubElement(suite, "testcase", classname="regression", name="session")
        ElementTree.SubElement(case, "error", message=_clean(fault))
    suites = ElementTree.Element("testsuites", name="HEEPstor")
    suites.append(suite)
    ElementTree.indent(suites)
    return ElementTree.tostring(suites, encoding="unicode", xml_declaration=True) + "\n"


def _case(session: Session, case: Case) -> ElementTree.Element:
    path, _, name = case.node_id.partition("::")
    element = ElementTree.Element(
        "testcase",
        classname=path.removesuffix(".py").replace("/", "."),
        name=_clean(name or path),
        time=f"{case.seconds:.3f}",
    )
    features = ", ".join(feature.name for feature in session.plan.features_of(case.node_id))
    properties: dict[str, object] = {"features": features, "configuration": case.configuration}
    if case.failure:
        found = case.failure
        properties |= {"seed": found.seed, "reproduce": found.reproduce}
        properties |= {"log": found.log or "", "waves": found.waves or ""}
    _properties(element, {name: value for name, value in properties.items() if value != ""})
    if case.failure:
        failure = ElementTree.SubElement(element, "failure", message=_clean(case.failure.cause))
        failure.text = _clean(case.failure.text)
    elif case.reason is not None:
        ElementTree.SubElement(element, "skipped", message=_clean(case.reason))
    return element


def _properties(element: ElementTree.Element, values: dict[str, object]) -> None:
    parent = ElementTree.SubElement(element, "properties")
    for name, value in values.items():
        ElementTree.SubElement(parent, "property", name=name, value=_clean(str(value)))


def _clean(text: str) -> str:
    return _NOT_XML.sub("?", text)
