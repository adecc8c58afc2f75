import CPango
import Glibc

/// Why nothing was printed.
public enum TypesettingFault: Error, Sendable, Equatable, CustomStringConvertible {
    /// A font that is not installed.
    case fontMissing(String)
    /// The pages are more than can be.
    case tooLong
    case codeTooLong
    /// cairo's own word.
    case failed(String)

    public var description: String {
        switch self {
        case .fontMissing(let file): "the font \(file) is not installed (Debian: fonts-liberation2, fonts-dejavu-core)"
        case .tooLong: "too many pages"
        case .codeTooLong: "the text is too long for its QR code"
        case .failed(let reason): "cairo says: \(reason)"
        }
    }
}

/// Fonts by their files: what is printed does not depend on how a machine's fonts are set up.
final class Fonts {
    let context: OpaquePointer
    private let map: UnsafeMutablePointer<PangoFontMap>

    static let family = "Liberation Serif, DejaVu Serif"
    /// Those that are drawn with, and one that has the signs which they lack. The newer release comes first.
    private static let folders = ["/usr/share/fonts/truetype/liberation2", "/usr/share/fonts/truetype/liberation"]
    private static let faces = ["Regular", "Bold", "Italic", "BoldItalic"]
    private static let others = ["/usr/share/fonts/truetype/dejavu/DejaVuSerif.ttf"]

    /// Those that are installed here, one for each face.
    static func files() throws(TypesettingFault) -> [String] {
        var files: [String] = []
        for face in faces {
            let all = folders.map { "\($0)/LiberationSerif-\(face).ttf" }
            guard let file = all.first(where: { access($0, R_OK) == 0 }) else {
                throw .fontMissing("Liberation Serif \(face)")
            }
            files.append(file)
        }
        if let missing = others.first(where: { access($0, R_OK) != 0 }) { throw .fontMissing(missing) }
        return files + others
    }

    init(_ cairo: OpaquePointer) throws(TypesettingFault) {
        let files = try Self.files()
        guard let fonts = FcConfigCreate(), let map = pango_cairo_font_map_new_for_font_type(CAIRO_FONT_TYPE_FT) else {
            throw .failed("no memory")
        }
        defer { FcConfigDestroy(fonts) }
        for file in files where FcConfigAppFontAddFile(fonts, file) == 0 {
            g_object_unref(map)
            throw .fontMissing(file)
        }
        lt_pango_use(map, fonts)
        guard let context = pango_font_map_create_context(map) else { throw .failed("no memory") }
        pango_cairo_update_context(cairo, context)
        pango_cairo_context_set_resolution(context, 72)
        pango_context_set_round_glyph_positions(context, 0)
        // Not that of whoever started the process.
        pango_context_set_language(context, pango_language_from_string("vi"))
        (self.map, self.context) = (map, context)
    }

    deinit {
        g_object_unref(UnsafeMutableRawPointer(context))
        g_object_unref(map)
    }
}

/// A paragraph broken into lines, which may go to different pages.
final class Lines {
    struct Line {
        let pointer: UnsafeMutablePointer<PangoLayoutLine>
        /// From the left edge to where it begins, and from its top to the line that letters stand on.
        let x: Double
        let baseline: Double
        let height: Double
    }

    private let layout: OpaquePointer
    let lines: [Line]

    /// Between the tops of neighbouring lines, in heights of one.
    private static let leading = 1.06

    init(_ paragraph: Paragraph, width: Double, _ fonts: Fonts) throws(TypesettingFault) {
        guard let layout = pango_layout_new(fonts.context), let font = pango_font_description_new(),
            let styles = pango_attr_list_new()
        else { throw .failed("no memory") }
        self.layout = layout
        defer {
            pango_font_description_free(font)
            pango_attr_list_unref(styles)
        }
        pango_font_description_set_family(font, Fonts.family)
        pango_font_description_set_absolute_size(font, paragraph.size * Double(PANGO_SCALE))
        pango_layout_set_font_description(layout, font)
        var (text, at) = ("", 0)
        for run in paragraph.runs {
            let end = at + run.text.utf8.count
            if run.isBold { Self.insert(pango_attr_weight_new(PANGO_WEIGHT_BOLD), styles, at, end) }
            if run.isItalic { Self.insert(pango_attr_style_new(PANGO_STYLE_ITALIC), styles, at, end) }
            text += run.text
            at = end
        }
        // A word that is too long is broken as it is: a sign that nobody wrote would change an address.
        Self.insert(pango_attr_insert_hyphens_new(0), styles, 0, at)
        pango_layout_set_text(layout, text, Int32(text.utf8.count))
        pango_layout_set_attributes(layout, styles)
        pango_layout_set_width(layout, Int32(width * Double(PANGO_SCALE)))
        pango_layout_set_wrap(layout, PANGO_WRAP_WORD_CHAR)
        pango_layout_set_indent(layout, Int32(paragraph.indent.points * Double(PANGO_SCALE)))
        pango_layout_set_auto_dir(layout, 0)
        switch paragraph.alignment {
        case .left: pango_layout_set_alignment(layout, PANGO_ALIGN_LEFT)
        case .center: pango_layout_set_alignment(layout, PANGO_ALIGN_CENTER)
        case .right: pango_layout_set_alignment(layout, PANGO_ALIGN_RIGHT)
        case .justified: pango_layout_set_justify(layout, 1)
        }
        lines = Self.lines(of: layout)
    }

    deinit { g_object_unref(UnsafeMutableRawPointer(layout)) }

    private static func insert(
        _ style: UnsafeMutablePointer<PangoAttribute>?, _ styles: OpaquePointer, _ from: Int, _ to: Int
    ) {
        style?.pointee.start_index = UInt32(from)
        style?.pointee.end_index = UInt32(to)
        pango_attr_list_insert(styles, style)
    }

    private static func lines(of layout: OpaquePointer) -> [Line] {
        guard let iterator = pango_layout_get_iter(layout) else { return [] }
        defer { pango_layout_iter_free(iterator) }
        var lines: [Line] = []
        repeat {
            var box = PangoRectangle()
            pango_layout_iter_get_line_extents(iterator, nil, &box)
            guard let pointer = pango_layout_iter_get_line_readonly(iterator) else { continue }
            let scale = Double(PANGO_SCALE)
            let height = Double(box.height) / scale
            let baseline = Double(pango_layout_iter_get_baseline(iterator) - box.y) / scale
            lines.append(
                Line(
                    pointer: pointer, x: Double(box.x) / scale, baseline: baseline + height * (leading - 1) / 2,
                    height: height * leading))
        } while pango_layout_iter_next_line(iterator) != 0
        return lines
    }
}

extension Double {
    /// Millimetres as points.
    var points: Double { self * 72 / 25.4 }
}
