"""Bills of materials as other tools, languages and people write them."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import pytest
from memory_tree import MemoryTree

from builders.bom_table import BUILDER
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
        # Counts by other names; a total of a production run is not what one takes, a total over assemblies is.
        ("Part Number,Name,Quantity Per Assembly,Total Quantity\nABC,Widget,2,20\n", [("Widget", 2)]),
        ("Assembly,Part,Qty per assembly,Assemblies,Total\nArm,Bearing,2,4,8\n", [("Bearing", 8)]),
        ("Item,Number needed,Notes\nServo,6,x\n", [("Servo", 6)]),
        ("Component,Required,Notes\nServo,6,x\n", [("Servo", 6)]),
        ("Part Name,Instances,Mass\nFrame v3,2,500 g\n", [("Frame v3", 2)]),
        ("#,Name,Notes\n1,Servo,a\n2,Horn,b\n3,Wheel,c\n", [("Servo", 1), ("Horn", 1), ("Wheel", 1)]),
        # More languages.
        ("Item;Qtd;Descrição\n1;3;Parafuso\n", [("Parafuso", 3)]),
        ("Pos.;Q.tà;Descrizione\n1;4;Vite M3\n", [("Vite M3", 4)]),
        ("Aantal;Omschrijving\n3;Bout\n", [("Bout", 3)]),
        ("Наименование;Количество\nВинт;2\n", [("Винт", 2)]),
        ("Nazwa;Ilość\nŚruba;5\n", [("Śruba", 5)]),
        # Thousands, halves, designators with a stroke; a table that was made for Markdown.
        ('Name,Qty\nRivet,"1,000"\nSheet,1/2\nStrip,1 ½\n', [("Rivet", 1000), ("Sheet", 0.5), ("Strip", 1.5)]),
        ("Reference,Qty,Value\nD1/D2,2,LED\n", [("D1 D2", 2)]),
        ("Component|Qty|Link\n---|---|---\nServo|2|http\n", [("Servo", 2)]),
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
    assert lines("Teil;Menge;Einheit\nDraht;1,5;m\n")[0]["notes"] == "quantity as written: 1,5 m"
    assert lines("Teil;Menge;Einheit\nSchraube;8;Stk\n")[0]["notes"] == ""


def test_what_is_not_counted_is_not_lost() -> None:
    text = "Item;Menge;Beschreibung;Bemerkung\n1;nach Bedarf;Kleber;\n2;;Scheibe;verzinkt\n;;Elektronik;\n3;2;Kabel;\n"
    assert [(line["description"], line["quantity"], line["notes"]) for line in lines(text)] == [
        ("Kleber", 1, "quantity as written: nach Bedarf"),
        ("Scheibe", 1, "no quantity is written; verzinkt"),
        ("Kabel", 2, ""),
    ]


def test_a_value_that_says_dnp_is_not_populated() -> None:
    assert [line["dnp"] for line in lines("Designator,Qty,Value\nR1,1,DNP\nR2,1,10k\n")] == [True, False]


def test_what_calls_itself_a_bill_is_never_passed_over_in_silence() -> None:
    named = {
        "BOM.csv": "Name,Supplier\nServo,X\n",
        "old/BOM.xls": b"\xd0\xcf",
        "hw/lamp-bom.csv": "a,b\n1,2\n",
        "data.csv": "a,b\n",
    }
    found = BUILDER.detect(MemoryTree(named | {"both/bom.xls": b"\xd0\xcf", "both/bom.csv": "Qty,Name\n1,Servo\n"}))
    assert [target.source for target in found] == ["BOM.csv", "both/bom.csv", "hw/lamp-bom.csv", "old/BOM.xls"]


README = b"""# Lamp
| Pin | Number | Function |
|---|---|---|
| D3 | 3 | LED |

## What you need

### Printed parts

| Part | Quantity | Notes |
|---|---|---|
| [shade.stl](cad/shade.stl) | 1 | white, 0.2 mm
| **Foot** | 4 | ~~glued~~ clipped |

### Electronics and mechanics

Qty. | Part | Price | Link
--- | --- | --- | ---
2 | Servo `SG90` | 3&nbsp;EUR each | [shop](https://shop.example/1)
1 | Shipping | 5 EUR |
**Total** | - | **11 EUR** |

```
| Part | Quantity |
|---|---|
| Not one | 9 |
```

### Tools

| Tool | Quantity |
|---|---|
| Pliers | 1 |
"""


def test_tables_of_parts_in_markdown() -> None:
    found = bom_table.markdown_lines(README, "README")
    assert [(line["part"], line["quantity"], line["kind"], line["notes"]) for line in found] == [
        ("shade.stl", 1, "3D printed", "white, 0.2 mm"),
        ("Foot", 4, "3D printed", "clipped"),
        ("Servo SG90", 2, "", ""),
    ]
    assert len({line["row"] for line in found}) == 3, "rows are numbered through all tables"
    tree = {"README.md": README, "docs/use.md": b"| Key | Number |\n|---|---|\n| A | 3 |\n", "CHANGELOG.md": README}
    assert [target.source for target in BUILDER.detect(MemoryTree(tree))] == ["README.md"]
    beside = {"bom.md": README, "bom.csv": "Qty,Name\n1,Servo\n"}
    assert [target.source for target in BUILDER.detect(MemoryTree(beside))] == ["bom.csv"]


def test_a_table_that_counts_by_assembly_names_its_things_last() -> None:
    text = (
        b"## Parts list\n| <span style='x'>Head</span> | TOTALS |  |\n|---:|---:|:---|\n|  | | **Vitamins** |\n"
        b"| &nbsp;3&nbsp; | &nbsp;3&nbsp; | &nbsp;Bearing 608 |\n| 3 | 3 | Total vitamins count |\n"
    )
    assert [(line["description"], line["quantity"]) for line in bom_table.markdown_lines(text, "readme")] == [
        ("Bearing 608", 3)
    ]


def test_spreadsheets_of_old_are_read(tmp_path: Path) -> None:
    def record(kind: int, body: bytes) -> bytes:
        return struct.pack("<HH", kind, len(body)) + body

    def text(row: int, column: int, said: str) -> bytes:
        return record(0x0004, struct.pack("<HH3sB", row, column, b"\0\0\0", len(said)) + said.encode("cp1252"))

    sheet = record(0x0009, struct.pack("<HH", 2, 0x10)) + text(0, 0, "Menge") + text(0, 1, "Bauteil")
    sheet += record(0x0003, struct.pack("<HH3sd", 1, 0, b"\0\0\0", 12)) + text(1, 1, "Mutter M8")
    path = tmp_path / "bom.xls"
    path.write_bytes(sheet + record(0x000A, b""))
    rows = bom_table.xls_rows(path)
    assert find_header(rows) == (0, {0: "quantity", 1: "part"}) and rows[1] == ["12", "Mutter M8"]
    path.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600)
    with pytest.raises(ValueError, match="damaged"):
        bom_table.xls_rows(path)


@pytest.mark.parametrize(
    ("text", "encoding", "known"),
    [
        ("位号,数量,值,厂家型号\nR5,1,4.7k,RC-4K7\n", "gb18030", ["reference", "quantity", "value", "mpn"]),
        ("部品番号,数量,品番\nR1,2,ABC\n", "shift_jis", ["reference", "quantity", "mpn"]),
        ("Поз. обозначение;Наименование;Кол.\nR1;Резистор;1\n", "cp1251", ["reference", "description", "quantity"]),
        (
            "Reference(s),Qty (pcs),JLCPCB Part#（optional）\nR1,1,C1\n",
            "utf-8",
            ["reference", "quantity", "supplier:LCSC"],
        ),
        ("Part #,Part Reference,Qty\n1,R1,1\n2,C1,1\n", "utf-8", ["reference", "quantity"]),
        ("Model,Source,Qty\nXL430-W250,Robotis,2\n", "utf-8", ["mpn", "supplier", "quantity"]),
        ("Nombre,Cant.\nTornillo,4\n", "utf-8", ["quantity", "description"]),
    ],
)
def test_headings_and_encodings_from_elsewhere(text: str, encoding: str, known: list[str]) -> None:
    header = find_header(split_rows(text.encode(encoding)))
    assert header is not None and list(header[1].values()) == known
