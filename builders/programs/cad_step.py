"""Outputs of a STEP file or a FreeCAD document: runs inside the sandbox."""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path
from typing import Any

import cadquery as cq

from builders.programs import cad_brep, cad_export, cad_fcstd, cad_step_file, cad_step_size
from builders.programs.cad_geometry import Piece
from builders.programs.cad_report import Refused, Report, run_reported

PIECES_MAX = 5000
FLAT_PIECES_MAX = 1  # a STEP assembly is mostly bought parts; outlines to cut are for a part of its own


def pieces_of(bodies: list[tuple[str, Any, Any]], title: str) -> list[Piece]:
    """Bodies with triangles; those without a name get the part's. Raises: Refused."""
    if len(bodies) > PIECES_MAX:
        raise Refused(
            f"The file holds {len(bodies):,} bodies; at most {PIECES_MAX:,} are drawn.", "Split the assembly."
        )
    pieces: list[Piece] = []
    triangles = 0
    tessellate = cad_brep.Tessellator()
    for name, shape, colour in bodies:
        mesh, edges, _ = tessellate(shape)
        triangles += len(mesh.faces)
        if triangles > cad_brep.TRIANGLES_MAX:
            raise cad_brep.TooFine()
        if len(mesh.faces):
            pieces.append(Piece(name or title, mesh, edges, shape, colour))
    return pieces


def as_assembly(pieces: list[Piece], title: str) -> cq.Assembly:
    """Bodies as an assembly that can be written as STEP."""
    top = cq.Assembly(name=title)
    for piece in pieces:
        name = piece.name if piece.name not in top.objects else f"{piece.name}-body"
        top.add(cq.Shape.cast(piece.shape), name=name, color=cq.Color(*piece.colour) if piece.colour else None)
    return top


def _bodies_of_step(source: Path) -> list[tuple[str, Any, Any]]:
    placed = cad_step_size.instances(source.read_bytes())
    if placed is None:
        raise Refused("The file holds an assembly that lies in itself.", "Export it from your CAD program again.")
    if placed > PIECES_MAX:
        raise Refused(f"The file places {placed:,} parts; at most {PIECES_MAX:,} are drawn.", "Split the assembly.")
    try:
        return cad_step_file.read(source)
    except (ValueError, RuntimeError) as error:
        raise Refused(
            "The file can't be read as STEP.", "Export it from your CAD program again, as STEP AP214 or AP242."
        ) from error


def main(argv: list[str]) -> int:
    """`cad_step FILE OUT --title TITLE`: both paths inside the sandbox."""
    parser = argparse.ArgumentParser(prog="cad_step")
    parser.add_argument("source", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--title", required=True)
    parser.add_argument("--groups", default="step,mesh,glb,views,picture,flat,facts")
    options = parser.parse_args(argv)
    source: Path = options.source
    is_document = source.suffix.lower() == ".fcstd"

    def make(report: Report) -> None:
        bodies = cad_fcstd.read(source, Path("/scratch"), report) if is_document else _bodies_of_step(source)
        pieces = pieces_of(bodies, options.title)
        if not pieces:
            raise Refused(
                f"{source.name} holds no body or surface.", "Export the solid itself, not only sketches or points."
            )

        def write(path: Path) -> None:
            if is_document:
                cad_step_file.write(as_assembly(pieces, options.title), path)
            else:
                shutil.copyfile(source, path)

        groups = set(options.groups.split(","))
        if len(pieces) > FLAT_PIECES_MAX:
            groups.discard("flat")
        cad_export.export(pieces, options.out, options.title, report, groups=groups, step=write)

    return run_reported(make, Refused("The model needs more memory than a build may use.", "Simplify or split it."))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
