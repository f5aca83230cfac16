"""Child process that renders PDFs: reads jobs as JSON, writes length and bytes of each PDF."""

import json
import sys

import typst

LENGTH_BYTES = 8


def main() -> None:
    """Render every job of the order on standard input."""
    order = json.load(sys.stdin.buffer)
    compiler = typst.Compiler(
        root=order["root"],
        font_paths=order["fonts"],
        ignore_system_fonts=True,  # the same pages on every machine
    )
    for job in order["jobs"]:
        pdf = compiler.compile(
            input=order["template"],
            format="pdf",
            sys_inputs={"data": json.dumps(job, ensure_ascii=False)},
            timestamp=order["timestamp"],
            pdf_tags=order["tagged"],
        )
        if not isinstance(pdf, bytes):
            raise TypeError("one document is one PDF")
        sys.stdout.buffer.write(len(pdf).to_bytes(LENGTH_BYTES, "big") + pdf)


if __name__ == "__main__":
    main()
