import Foundation

/// What is to be printed. Lengths are millimetres, sizes of letters points.
public struct Document: Sendable, Hashable {
    public var title: String
    /// Who issues it, for the properties of the file.
    public var author: String
    /// Stands in the file in place of the moment at which it was made: the same document is always the same bytes.
    public var date: Date
    public var paper: Paper
    public var blocks: [Block]
    /// At the foot of each page, to the left of its number.
    public var foot: String

    public init(title: String, author: String, date: Date, paper: Paper, foot: String = "", _ blocks: [Block]) {
        (self.title, self.author, self.date) = (title, author, date)
        (self.paper, self.foot, self.blocks) = (paper, foot, blocks)
    }
}

public struct Paper: Sendable, Hashable {
    public var width: Double
    public var height: Double
    public var margin: Margin

    public struct Margin: Sendable, Hashable {
        public var left: Double
        public var right: Double
        public var top: Double
        public var bottom: Double

        public init(left: Double, right: Double, top: Double, bottom: Double) {
            (self.left, self.right, self.top, self.bottom) = (left, right, top, bottom)
        }
    }

    public init(width: Double, height: Double, margin: Margin) {
        (self.width, self.height, self.margin) = (width, height, margin)
    }

    /// A5, upright.
    public static let a5 = Paper(
        width: 148, height: 210, margin: Margin(left: 15, right: 10, top: 10, bottom: 14))
    /// A4, lying.
    public static let a4Lying = Paper(
        width: 297, height: 210, margin: Margin(left: 15, right: 10, top: 12, bottom: 14))
}

public enum Block: Sendable, Hashable {
    case text(Paragraph)
    /// Side by side, never divided between pages.
    case beside([Side])
    /// Not divided between pages, where they fit on one.
    case together([Block])
    case table(Table)
    case space(Double)
    /// A line in the middle of its width.
    case rule(width: Double)
    /// A QR code (ISO/IEC 18004, level M) of a text, with its quiet zone, in the middle of its width.
    case code(String, size: Double)
}

/// A part of a paragraph in one style.
public struct Run: Sendable, Hashable, ExpressibleByStringInterpolation {
    public var text: String
    public var isBold: Bool
    public var isItalic: Bool

    public init(_ text: String, bold: Bool = false, italic: Bool = false) {
        (self.text, isBold, isItalic) = (Run.printable(text), bold, italic)
    }

    public init(stringLiteral value: String) { self.init(value) }

    public static func bold(_ text: String) -> Run { Run(text, bold: true) }
    public static func italic(_ text: String) -> Run { Run(text, italic: true) }

    /// Composed letters; nothing that cannot be seen or that turns the direction of others.
    static func printable(_ text: String) -> String {
        var kept = String.UnicodeScalarView()
        for scalar in text.precomposedStringWithCanonicalMapping.unicodeScalars {
            switch scalar.properties.generalCategory {
            case .control: if scalar == "\n" || scalar == "\t" { kept.append(scalar) }
            case .lineSeparator, .paragraphSeparator: kept.append("\n")
            case .format, .privateUse, .surrogate, .unassigned: break
            default: kept.append(scalar)
            }
        }
        return String(kept)
    }
}

public struct Paragraph: Sendable, Hashable {
    public enum Alignment: Sendable, Hashable { case left, center, right, justified }

    public var runs: [Run]
    public var size: Double
    public var alignment: Alignment
    /// Of its first line; below zero: of all others.
    public var indent: Double
    public var before: Double

    public init(
        _ runs: Run..., size: Double = 11, alignment: Alignment = .justified, indent: Double = 0, before: Double = 0.8
    ) {
        (self.runs, self.size, self.alignment) = (runs, size, alignment)
        (self.indent, self.before) = (indent, before)
    }
}

/// One of several columns, with its share of the width.
public struct Side: Sendable, Hashable {
    public var share: Double
    public var blocks: [Block]

    public init(_ share: Double, _ blocks: [Block]) { (self.share, self.blocks) = (share, blocks) }
}

/// Rows between lines; the head stands again on each page, and a row is divided only when it is longer than a page.
public struct Table: Sendable, Hashable {
    public struct Column: Sendable, Hashable {
        public var title: String
        public var share: Double
        public var alignment: Paragraph.Alignment

        public init(_ title: String, _ share: Double, _ alignment: Paragraph.Alignment = .left) {
            (self.title, self.share, self.alignment) = (title, share, alignment)
        }
    }

    public var columns: [Column]
    public var rows: [[[Run]]]
    public var size: Double

    /// - Parameter rows: as many cells each as there are columns.
    public init(_ columns: [Column], rows: [[[Run]]], size: Double = 9) {
        (self.columns, self.rows, self.size) = (columns, rows, size)
    }
}
