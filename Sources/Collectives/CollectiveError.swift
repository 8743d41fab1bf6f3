/// What went wrong between ranks, on one line, with the mend.
package struct CollectiveError: Error, CustomStringConvertible, Sendable, Equatable {
    package enum Kind: String, Sendable {
        /// The launcher promised more ranks than this program sees (exit code 78).
        case launch
        /// A call of the MPI library failed (exit code 70).
        case library
        /// A peer stayed silent past the deadline (exit code 76).
        case deadline
        /// Ranks hold different values where they must agree (exit code 70).
        case disagreement
        /// A setting this job's layout cannot follow (exit code 78).
        case unsupported
        /// A call after an earlier failure; only `abort` is left (exit code 70).
        case broken
    }

    package let kind: Kind
    package let rank: Int
    /// The collective and its label, or the MPI call.
    package let call: String
    package let text: String
    package let hint: String
    /// The ranks that stand apart (`disagreement`) or did not come (`deadline`); empty for other kinds.
    package let differingRanks: [Int]

    package init(
        _ kind: Kind, rank: Int, call: String, text: String, hint: String, differingRanks: [Int] = []
    ) {
        self.kind = kind
        self.rank = rank
        self.call = call
        self.text = text
        self.hint = hint
        self.differingRanks = differingRanks
    }

    package var description: String { "rank \(rank): \(call): \(text) (\(hint))" }
}
