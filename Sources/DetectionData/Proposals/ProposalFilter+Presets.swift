extension ProposalFilter {
    /// AlignDet's `ratio3size0008`: aspect within a factor of 3, at most 0.8 of the image's side.
    /// - Source: the name of AlignDet's proposal file, read by the grammar of SoCo's filter script.
    package static let alignDet = ProposalFilter(maximumAspectRatio: 3, relativeSizes: 0...0.8)

    /// SoCo's `ratio3size0308`: aspect within a factor of 3, 0.3 to 0.8 of the image's side, sides of 32
    /// pixels.
    /// - Source: SoCo, `selective_search/filter_ss_proposals_json.py`.
    package static let soCo = ProposalFilter(maximumAspectRatio: 3, relativeSizes: 0.3...0.8, minimumSide: 32)

    /// SoCo's `ratio3size0308post`: what to try in turn on an image that the filter before left without a
    /// box.
    /// - Source: SoCo, `selective_search/filter_ss_proposals_json_post_no_prop.py`.
    package static let soCoSteps = [
        soCo, ProposalFilter(maximumAspectRatio: 3, minimumSide: 32), ProposalFilter(minimumSide: 32),
    ]

    private static let named: [(name: String, steps: [ProposalFilter])] = [
        ("none", [ProposalFilter()]),
        ("ratio3size0008", [alignDet]),
        ("ratio3size0308", [soCo]),
        ("ratio3size0308post", soCoSteps),
    ]

    /// The filters of a published name, to be tried in turn.
    /// - Throws: for a name that is not one of them.
    package static func steps(named name: String) throws(DataError) -> [ProposalFilter] {
        if let steps = named.first(where: { $0.name == name })?.steps { return steps }
        throw DataError(
            .usage, "there is no proposal filter '\(name)'",
            hint: "one of \(named.map(\.name).joined(separator: ", "))")
    }

    /// What the first of `steps` that leaves any box leaves; nothing if none does.
    package static func firstToKeepAny(
        of steps: [ProposalFilter], _ boxes: [Box], imageWidth: Int, imageHeight: Int
    ) -> [Box] {
        for step in steps {
            let kept = step(boxes, imageWidth: imageWidth, imageHeight: imageHeight)
            if !kept.isEmpty { return kept }
        }
        return []
    }
}
