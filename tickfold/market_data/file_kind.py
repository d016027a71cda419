"""What a file is by its first bytes, so that one that is no table of bars is named as what it is."""

_ZIP = b"PK\x03\x04"
_KINDS = (
    (b"\x80\x02", "a pickle"),
    (b"\x80\x03", "a pickle"),
    (b"\x80\x04", "a pickle"),
    (b"\x80\x05", "a pickle"),
    (b"\xd0\xcf\x11\xe0", "an Excel workbook (.xls); save it as CSV"),
    (b"%PDF", "a PDF document"),
    (b"\x89HDF", "an HDF5 file"),
    (b"ARROW1", "an Arrow (Feather) file; write it as Parquet"),
    (b"SQLite format 3", "an SQLite database"),
    (b"BZh", "compressed with bzip2; unpack it first"),
    (b"\xfd7zXZ", "compressed with xz; unpack it first"),
    (b"\x28\xb5\x2f\xfd", "compressed with Zstandard; unpack it first"),
    (b"7z\xbc\xaf", "a 7z archive; unpack it first"),
    (b"Rar!", "a RAR archive; unpack it first"),
    (b"\x93NUMPY", "a NumPy array"),
    (b"{\\rtf", "an RTF document"),
)


def foreign_kind(head: bytes) -> str | None:
    """Return what the file that begins with `head` is, if it is neither CSV nor Parquet; None if it may be."""
    if head.startswith(_ZIP):
        is_workbook = b"xl/" in head or b"[Content_Types].xml" in head
        return "an Excel workbook (.xlsx); save it as CSV" if is_workbook else "a ZIP archive; unpack it first"
    for magic, kind in _KINDS:
        if head.startswith(magic):
            return kind
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if text.startswith((b"<!doctype", b"<html", b"<?xml", b"<head", b"<body")):
        return "a page of HTML or XML, perhaps an error page of a download"
    if text.startswith((b"{", b"[{", b"[[", b"[\n", b"[\r", b"[ ")):
        return "JSON; write it as CSV or Parquet"
    return None
