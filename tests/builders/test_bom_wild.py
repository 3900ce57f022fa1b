"""Bills of materials as other tools, languages and people write them."""

from __future__ import annotations

from typing import Any

import pytest

from builders.programs import bom_table
from builders.programs.bom_columns import find_header, split_rows


def lines(text: str, encoding: str = "utf-8") -> list[dict[str, Any]]:
    rows = split_rows(text.encode(encoding))
    header = find_header(rows)
    assert header is not None
    bom_table.HEADER[:] = rows[header[0]]
    return bom_table.lines_of(rows, *header)


def counted(text: str, encoding: str = "utf-8") -> list[tuple[str, float]]:
    return [
        (" ".join(line["references"]) or line["description"] or line["part"] or line["mpn"], line["quantity"])
        for line in lines(text, encoding)
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # KiCad numbers its rows in a column '#', which is no quantity.
        ('"#","Reference","Qty","Value"\n"1","C1, C2","2","1u"\n"9","U1","1","LM7805"\n', [("C1 C2", 2), ("U1", 1)]),
        # Pcbnew's own export.
        ('"Id";"Designator";"Footprint";"Quantity";"Designation"\n7;"C1,C2";"C_0603";2;"1u"\n', [("C1 C2", 2)]),
        # Eagle, grouped and one by one: the designators are called Parts and Part.
        ("Qty;Value;Device;Package;Parts\n2;1u;C-EU;C0603;C1, C2\n1;;PINHD;1X04;JP1\n", [("C1 C2", 2), ("JP1", 1)]),
        ("Part;Value;Device;Package\nC1;1u;C-EU;C0603\nIC1;NE555;NE555;DIP8\n", [("C1", 1), ("IC1", 1)]),
        # A parts list by hand: 'Item', a total, empty columns of a spreadsheet.
        ("Qty,Item,Price,,\n1,Motor,$8,,\n4,Magnet,$9,,\nTotal,-----,$17,,\n,,,,\n", [("Motor", 1), ("Magnet", 4)]),
        ("Identifier,Name,Price\nU1,Microcontroller,$2\nTotal,,$2\n", [("U1", 1)]),
        ("Item,Part Number,Qty\n1,Plate,2\n2,Brace,4\n", [("Plate", 2), ("Brace", 4)]),
        ("Part,Amount\nBearing 683 ZZ,6\nScrew,2 (in a pack of 10)\nNut,3 pcs\nClip,5x\n",
         [("Bearing 683 ZZ", 6), ("Screw", 2), ("Nut", 3), ("Clip", 5)]),
        # Title rows, decimal commas, a sum, other languages.
        ("Stückliste Lampe;;;\nStand 2024;;;\nPos;Menge;Bezeichnung;Gehäuse\n1;2,5;Draht;\n2;4x;Schraube;\nSumme;;;\n",
         [("Draht", 2.5), ("Schraube", 4)]),
        ("Repère;Quantité;Désignation;Valeur\nC1,C2;2;Condensateur;1u\n", [("C1 C2", 2)]),
        ("Cantidad;Descripción;Proveedor\n2;Tornillo;X\n", [("Tornillo", 2)]),
        ("序号,位号,数量,名称\n1,\"R1,R2\",2,电阻\n", [("R1 R2", 2)]),
        # Several tables in one file, each with a heading of its own.
        ("Electronics\nReference,Qty,Value\nR1,1,10k\n\nHardware\nItem,Quantity,Notes\nScrew,8,steel\nSpring,2,\n",
         [("R1", 1), ("Screw", 8), ("Spring", 2)]),
        ("Qty per board,Order Qty,MPN\n2,20,ABC1\n", [("ABC1", 2)]),
    ],
)  # fmt: skip
def test_tables(text: str, expected: list[tuple[str, float]]) -> None:
    assert counted(text) == expected


def test_encodings() -> None:
    text = "Bezeichnung\tMenge\nGehäuse groß\t2\n"
    assert [counted(text, name) for name in ("utf-16", "utf-8-sig", "cp1252")] == [[("Gehäuse groß", 2)]] * 3


def test_lengths_keep_their_words() -> None:
    assert lines("Part,Amount\nLED strip,~2m\n")[0]["notes"] == "quantity as written: ~2m"
    assert lines("Part,Amount\nScrew,2 in total\n")[0]["notes"] == ""
