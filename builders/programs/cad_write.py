"""STL, 3MF and GLB writers without clocks and random ids: the same part always gives the same bytes."""

from __future__ import annotations

import io
import zipfile
from xml.sax.saxutils import quoteattr

import numpy as np

from builders.programs.cad_geometry import Piece

STEEL = (0.62, 0.68, 0.74, 1.0)
EPOCH = (1980, 1, 1, 0, 0, 0)


def stl(pieces: list[Piece]) -> bytes:
    """Binary STL of all pieces together. Units: mm."""
    corners = np.concatenate([piece.mesh.merged[0][piece.mesh.merged[1]] for piece in pieces])
    record = np.zeros(len(corners), dtype=np.dtype([("normal", "<f4", 3), ("corners", "<f4", (3, 3)), ("attr", "<u2")]))
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    length = np.linalg.norm(normals, axis=1)
    record["normal"] = normals / np.where(length > 0, length, 1.0)[:, None]
    record["corners"] = corners
    return b"binary STL, mm".ljust(80, b"\0") + len(corners).to_bytes(4, "little") + record.tobytes()


def three_mf(pieces: list[Piece], title: str) -> bytes:
    """A 3MF package with one object for each piece, named and coloured.

    Source: 3MF Core Specification 1.3, sections 3 and 4; Open Packaging Conventions for the two parts beside the model.
    """
    out = [
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<model unit="millimeter" xml:lang="en-US" xmlns="http://schemas.microsoft.com/3dmanufacturing/core/2015/02">\n'
        f'<metadata name="Title">{_text(title)}</metadata>\n<resources>\n<basematerials id="1">\n'
    ]
    for piece in pieces:
        colour = "".join(f"{round(channel * 255):02X}" for channel in (piece.colour or STEEL))
        out.append(f'<base name={quoteattr(_clean(piece.material or "part"))} displaycolor="#{colour}"/>\n')
    out.append("</basematerials>\n")
    for number, piece in enumerate(pieces):
        vertices, faces = piece.mesh.merged
        out.append(
            f'<object id="{number + 2}" type="model" pid="1" pindex="{number}" name={quoteattr(_clean(piece.name))}>'
            "<mesh><vertices>\n"
        )
        out += [f'<vertex x="{x:.6g}" y="{y:.6g}" z="{z:.6g}"/>\n' for x, y, z in vertices.tolist()]
        out.append("</vertices><triangles>\n")
        out += [f'<triangle v1="{a}" v2="{b}" v3="{c}"/>\n' for a, b, c in faces.tolist()]
        out.append("</triangles></mesh></object>\n")
    out.append("</resources>\n<build>\n")
    out += [f'<item objectid="{number + 2}"/>\n' for number in range(len(pieces))]
    out.append("</build>\n</model>\n")
    types = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="model" ContentType="application/vnd.ms-package.3dmanufacturing-3dmodel+xml"/></Types>\n'
    )
    links = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        '<Relationship Target="/3D/3dmodel.model" Id="rel0"'
        ' Type="http://schemas.microsoft.com/3dmanufacturing/2013/01/3dmodel"/></Relationships>\n'
    )
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as package:
        for name, text in (("[Content_Types].xml", types), ("_rels/.rels", links), ("3D/3dmodel.model", "".join(out))):
            info = zipfile.ZipInfo(name, EPOCH)
            info.create_system, info.external_attr = 3, 0o644 << 16
            info.compress_type = zipfile.ZIP_DEFLATED
            package.writestr(info, text, compresslevel=6)
    return buffer.getvalue()


def glb(pieces: list[Piece]) -> bytes:
    """glTF 2.0 binary, one named node for each piece. Units: metres, y up, as glTF wants."""
    import trimesh
    from trimesh.visual import TextureVisuals
    from trimesh.visual.material import PBRMaterial

    scene = trimesh.Scene(base_frame="part of brickyard")  # must not be the name of a piece
    upright = np.array([[0.001, 0, 0, 0], [0, 0, 0.001, 0], [0, -0.001, 0, 0], [0, 0, 0, 1]], dtype=float)
    for piece in pieces:
        mesh = trimesh.Trimesh(
            vertices=piece.mesh.vertices.astype(np.float32),
            faces=piece.mesh.faces,
            vertex_normals=piece.mesh.normals.astype(np.float32),
            process=False,
        )
        red, green, blue, alpha = piece.colour or STEEL
        material = PBRMaterial(
            name=_clean(piece.material or "part"),
            baseColorFactor=[*(_linear(channel) for channel in (red, green, blue)), alpha],
            metallicFactor=0.1,
            roughnessFactor=0.55,
            alphaMode="BLEND" if alpha < 1 else "OPAQUE",
            doubleSided=not piece.mesh.watertight,
        )
        mesh.visual = TextureVisuals(material=material)
        scene.add_geometry(mesh, node_name=_clean(piece.name), geom_name=_clean(piece.name), transform=upright)
    data = trimesh.exchange.gltf.export_glb(scene, include_normals=True)
    return bytes(data)


def _linear(channel: float) -> float:
    return channel / 12.92 if channel <= 0.04045 else float(((channel + 0.055) / 1.055) ** 2.4)


def _clean(text: str) -> str:
    """Text without control characters, which XML can't hold."""
    return "".join(character for character in text if character.isprintable())[:200]


def _text(text: str) -> str:
    return _clean(text).replace("&", "&amp;").replace("<", "&lt;")
