import CPango
import Contracts

/// Documents as PDF (cairo and pango), with their fonts inside. The calls block and compute: they belong on a thread
/// of their own, never on a loop that serves others. Nothing is shared between two of them.
public enum PDF {
    /// - Throws: `TypesettingFault`.
    public static func make(_ document: Document) throws(TypesettingFault) -> [UInt8] {
        let output = Output()
        let (width, height) = (document.paper.width.points, document.paper.height.points)
        let surface = cairo_pdf_surface_create_for_stream(
            { closure, data, count in
                guard let closure, let data else { return CAIRO_STATUS_WRITE_ERROR }
                Unmanaged<Output>.fromOpaque(closure).takeUnretainedValue().bytes
                    .append(contentsOf: UnsafeBufferPointer(start: data, count: Int(count)))
                return CAIRO_STATUS_SUCCESS
            }, Unmanaged.passUnretained(output).toOpaque(), width, height)
        defer { cairo_surface_destroy(surface) }
        guard let surface, let cairo = cairo_create(surface) else { throw .failed("no memory") }
        defer { cairo_destroy(cairo) }
        let date = Instant.write(document.date)
        for (name, value) in [
            (CAIRO_PDF_METADATA_TITLE, document.title), (CAIRO_PDF_METADATA_AUTHOR, document.author),
            (CAIRO_PDF_METADATA_CREATE_DATE, date), (CAIRO_PDF_METADATA_MOD_DATE, date),
        ] { cairo_pdf_surface_set_metadata(surface, name, value) }
        let fonts = try Fonts(cairo)
        for page in try Pages(document, fonts).pages {
            cairo_set_line_width(cairo, 0.5)
            for mark in page { draw(mark, cairo) }
            cairo_show_page(cairo)
        }
        cairo_surface_finish(surface)
        for status in [cairo_status(cairo), cairo_surface_status(surface)] where status != CAIRO_STATUS_SUCCESS {
            throw .failed(String(cString: cairo_status_to_string(status)))
        }
        return withExtendedLifetime(output) { output.bytes }
    }

    /// Whether what it needs is installed. Nothing is loaded for it: most processes never print.
    public static func check() throws(TypesettingFault) { _ = try Fonts.files() }

    private static func draw(_ mark: Mark, _ cairo: OpaquePointer) {
        switch mark {
        case .line(let lines, let line, let x, let y):
            cairo_move_to(cairo, x, y)
            withExtendedLifetime(lines) { pango_cairo_show_layout_line(cairo, line.pointer) }
        case .stroke(let x, let y, let toX, let toY):
            cairo_move_to(cairo, x, y)
            cairo_line_to(cairo, toX, toY)
            cairo_stroke(cairo)
        case .code(let code, let x, let y, let size):
            let module = size / Double(code.width + 2 * QRCode.quiet)
            for bar in code.bars {
                let (column, row) = (Double(bar.x + QRCode.quiet), Double(bar.y + QRCode.quiet))
                cairo_rectangle(cairo, x + column * module, y + row * module, Double(bar.length) * module, module)
            }
            cairo_fill(cairo)
        }
    }

    private final class Output {
        var bytes: [UInt8] = []
    }
}
