/// What became of each tensor's name between another program's file and ours.
package struct KeyReport: Sendable, Equatable {
    package struct Reshaped: Sendable, Equatable {
        package let name: String
        package let found: [Int]
        package let wanted: [Int]
    }

    package var matchedCount = 0
    /// Tensors the model needs and the file has not, by our names.
    package var missing: [String] = []
    /// Tensors of the file that no rule of the table or no part of the model knows, by the file's names.
    package var unexpected: [String] = []
    /// Tensors of one name in two shapes.
    package var reshaped: [Reshaped] = []
    /// Tables of relative positions that were stretched to another window.
    package var stretched: [Reshaped] = []
    /// Tensors of the file that are known not to belong to the model.
    package var leftOut: [String] = []

    /// Whether every tensor found its place.
    package var isComplete: Bool { missing.isEmpty && unexpected.isEmpty && reshaped.isEmpty }

    /// A line with the counts, then one for each tensor that found no place.
    package var text: String {
        var lines = [
            "matched \(matchedCount)   missing \(missing.count)   unexpected \(unexpected.count)   "
                + "of another shape \(reshaped.count)   left out \(leftOut.count)"
        ]
        lines += stretched.map { "  stretched   \($0.name): from \($0.found) to \($0.wanted)" }
        lines += missing.map { "  missing     \($0)" }
        lines += unexpected.map { "  unexpected  \($0)" }
        lines += reshaped.map { "  shape       \($0.name): the file has \($0.found), the model \($0.wanted)" }
        return lines.joined(separator: "\n")
    }
}
