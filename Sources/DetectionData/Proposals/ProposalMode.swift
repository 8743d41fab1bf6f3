/// The published ways to find proposals.
package enum ProposalMode: String, Sendable, CaseIterable {
    /// Selective search over 12 groupings, best first.
    case fast
    /// Selective search over 100 groupings, best first.
    case quality
    /// SoCo's: one grouping, smaller parts first.
    case soco

    /// - seed: of the ranking; SoCo has none.
    package func search(seed: UInt64) -> any ProposalSearch {
        switch self {
        case .fast: SelectiveSearch(mode: .fast, seed: seed)
        case .quality: SelectiveSearch(mode: .quality, seed: seed)
        case .soco: SoCoSearch()
        }
    }
}
