internal import Foundation

/// What was found wrong with a data set, what its rules left out, and what remains.
package struct DatasetReport: Sendable, Codable {
    /// What is left out on purpose and is no defect.
    package enum Exclusion: String, Sendable, CaseIterable, Codable {
        case crowd = "crowd boxes"
        case ignored = "boxes flagged ignore"
        case otherClass = "boxes of classes not asked for"
        case underOnePixel = "boxes under one pixel wide or high"
        case imageWithoutBoxes = "images without a usable box"
        case smallImage = "images with a side too short"
        case boxOverEdge = "boxes over an edge of their image"
        case classWithoutBoxes = "classes without a box"
        case categoryGap = "numbers between category ids that none has"
    }

    /// One kind of defect: how often, and the first few.
    package struct Entry: Sendable, Codable {
        package let defect: DatasetDefect
        package internal(set) var count: Int
        /// At most `DatasetReport.exampleCount`, in file order, each naming id and file.
        package internal(set) var examples: [String]
    }

    /// How many examples of each defect are kept.
    package static let exampleCount = 3

    /// The annotation file.
    package let source: String
    package private(set) var entries: [Entry] = []
    package private(set) var excluded: [Exclusion: Int] = [:]
    package internal(set) var imageCount = 0
    package internal(set) var boxCount = 0

    init(source: String) { self.source = source }

    package var defectCount: Int { entries.reduce(0) { $0 + $1.count } }

    mutating func note(_ defect: DatasetDefect, _ example: @autoclosure () -> String) {
        let position: Int
        if let known = entries.firstIndex(where: { $0.defect == defect }) {
            position = known
        } else {
            position = entries.count
            entries.append(Entry(defect: defect, count: 0, examples: []))
        }
        entries[position].count += 1
        if entries[position].examples.count < Self.exampleCount {
            entries[position].examples.append(example())
        }
    }

    mutating func exclude(_ exclusion: Exclusion, count: Int = 1) {
        if count > 0 { excluded[exclusion, default: 0] += count }
    }

    /// The report as lines of text: what remains, then defects with examples, then exclusions.
    package var table: String {
        var rows: [(String, Int, String)] = entries.map { ($0.defect.rawValue, $0.count, Self.list($0)) }
        for exclusion in Exclusion.allCases {
            if let count = excluded[exclusion] {
                rows.append(
                    (exclusion.rawValue, count, exclusion.isRemark ? "no defect" : "left out by rule"))
            }
        }
        let nameWidth = rows.map(\.0.count).max() ?? 0
        let countWidth = rows.map { String($0.1).count }.max() ?? 0
        let lines = rows.map { name, count, note in
            let left = name.padding(toLength: nameWidth, withPad: " ", startingAt: 0)
            let number = String(repeating: " ", count: countWidth - String(count).count) + String(count)
            return "  \(left)  \(number)  \(note)"
        }
        let head = "\(source): \(imageCount) images, \(boxCount) boxes, \(defectCount) defects"
        return ([head] + lines).joined(separator: "\n")
    }

    /// The error of a refused data set: one line with every kind of defect and its first examples.
    package var refusal: DataError {
        let kinds = entries.map { "\($0.count) x \($0.defect.rawValue): \(Self.list($0))" }
        return DataError(
            entries.allSatisfy { $0.defect == .missingImageFile } ? .missingInput : .badInput,
            "\(source): \(kinds.joined(separator: "; "))",
            hint: "mend the file, or have defects dropped and reported")
    }

    private static func list(_ entry: Entry) -> String {
        let rest = entry.count - entry.examples.count
        return entry.examples.joined(separator: ", ") + (rest > 0 ? " and \(rest) more" : "")
    }
}

extension DatasetReport.Exclusion {
    /// Whether it is worth knowing only, and nothing is left out for it.
    var isRemark: Bool { [.boxOverEdge, .classWithoutBoxes, .categoryGap].contains(self) }
}
