"""What WeasyPrint's tags lack for PDF/UA-1, put right before a part is written.

- Headers of tables get their scope. WeasyPrint's own `Headers` are dropped: they name the wrong
  column in a row that begins below a cell of several rows.
- Text in the margins of pages (running heads) is an artifact, not content outside of the tree.
- An anonymous block in a heading or paragraph is no second one, and an empty paragraph none.
- Links say where they lead, are printed, and lead to a place that may stand in another part.

Works on the objects of pydyf, in a finisher of WeasyPrint, where they are plain Python.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import pydyf

# A link to a place of the report, in whichever part it stands, as `relinked` writes it.
PLACE = "report:"


def relinked(html: str) -> str:
    """HTML whose links to places of the report do not need those in the same part."""
    return html.replace('href="#', f'href="{PLACE}#')


class TagMender:
    """A finisher (`Document.write_pdf`); `labels` name the places to which links lead."""

    def __init__(self, labels: Mapping[str, str]) -> None:
        self.labels = labels

    def __call__(self, document: Any, pdf: pydyf.PDF) -> None:
        tree = _Tree(pdf)
        for element in tree.elements("TH", "TD"):
            self._mend_cell(tree, element)
        for element in tree.elements("P", *(f"H{level}" for level in range(1, 7))):
            self._mend_block(tree, element)
        self._hide_margins(tree)
        for annotation in _of_type(pdf, "Annot"):
            self._mend_link(annotation)

    @staticmethod
    def _mend_cell(tree: "_Tree", element: pydyf.Dictionary) -> None:
        attributes = element["A"]
        attributes.pop("Headers", None)
        element.pop("ID", None)
        if element["S"] == "/TH":
            attributes["Scope"] = "/Column" if tree.is_in_head(element) else "/Row"
        elif len(attributes) == 1:
            del element["A"]

    @staticmethod
    def _mend_block(tree: "_Tree", element: pydyf.Dictionary) -> None:
        parent = tree.at(element["P"])
        if parent["S"] == element["S"]:
            element["S"] = "/NonStruct"
        elif not element["K"] and element.reference in parent["K"]:
            parent["K"].remove(element.reference)

    @staticmethod
    def _hide_margins(tree: "_Tree") -> None:
        for page, references in tree.pages():
            hidden = {
                number
                for number, reference in enumerate(references)
                if not tree.is_reached(reference)
            }
            if not hidden:
                continue
            _as_artifacts(tree.content_of(page), hidden)
            for number in hidden:
                references[number] = b"null"
            while references and references[-1] == b"null":
                references.pop()

    def _mend_link(self, annotation: pydyf.Dictionary) -> None:
        annotation["F"] = 4  # printed as well
        address = annotation["A"]["URI"].string if "A" in annotation else ""
        if address.startswith(f"{PLACE}#"):
            place = address.removeprefix(f"{PLACE}#")
            del annotation["A"]
            annotation["Dest"] = pydyf.String(place)
            annotation["Contents"] = pydyf.String(f"{self.labels.get(place, place)}へ")


class _Tree:
    """The structure tree as pydyf holds it: objects that refer to each other by number."""

    def __init__(self, pdf: pydyf.PDF) -> None:
        self.pdf = pdf
        self.root = self.at(pdf.catalog["StructTreeRoot"])
        self.top = self.root["K"][0]
        self.reached = set(self.at(self.top)["K"])

    def at(self, reference: bytes) -> Any:
        return self.pdf.objects[int(reference.split(maxsplit=1)[0])]

    def elements(self, *kinds: str) -> Iterator[pydyf.Dictionary]:
        wanted = {f"/{kind}" for kind in kinds}
        for element in _of_type(self.pdf, "StructElem"):
            if element["S"] in wanted:
                yield element

    def is_in_head(self, element: pydyf.Dictionary) -> bool:
        group = self.at(self.at(element["P"])["P"])
        return bool(group["S"] == "/THead")

    def is_reached(self, reference: bytes) -> bool:
        """Whether an element hangs on the tree, and not in the air like those of margins."""
        while (parent := self.at(reference)["P"]) != self.top:
            reference = parent
        return reference in self.reached

    def pages(self) -> Iterator[tuple[int, list[bytes]]]:
        """The pages by number, each with the elements of its marked content in their order."""
        numbers = self.at(self.root["ParentTree"])["Nums"]
        count = len(self.pdf.page_references)
        return zip(numbers[0 : 2 * count : 2], numbers[1 : 2 * count : 2], strict=True)

    def content_of(self, page: int) -> pydyf.Stream:
        found = self.at(self.at(self.pdf.page_references[page])["Contents"])
        assert isinstance(found, pydyf.Stream)
        return found


def _of_type(pdf: pydyf.PDF, kind: str) -> Iterator[pydyf.Dictionary]:
    for found in pdf.objects:
        if isinstance(found, pydyf.Dictionary) and found.get("Type") == f"/{kind}":
            yield found


def _as_artifacts(stream: pydyf.Stream, hidden: set[int]) -> None:
    """Turn marked content with these numbers into artifacts."""
    operators = stream.stream
    for index, operator in enumerate(operators):
        if isinstance(operator, pydyf.Dictionary) and operator.get("MCID") in hidden:
            operators[index - 1] = "/Artifact"
            operators[index] = pydyf.Dictionary({"Type": "/Pagination"})
