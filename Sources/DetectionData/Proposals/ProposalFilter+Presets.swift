extension ProposalFilter {
    /// AlignDet's `ratio3size0008`: aspect within a factor of 3, at most 0.8 of the image's side.
    /// - Source: the name of AlignDet's proposal file, read by the grammar of SoCo's filter script.
    package static let alignDet = ProposalFilter(maximumAspectRatio: 3, relativeSizes: 0...0.8)

    /// SoCo's `ratio3size0308`: aspect within a factor of 3, 0.3 to 0.8 of the image's side, sides of 32
    /// pixels.
    /// - Source: SoCo, `selective_search/filter_ss_proposals_json.py`.
    package static let soCo = ProposalFilter(maximumAspectRatio: 3, relativeSizes: 0.3...0.8, minimumSide: 32)
}

extension ProposalFilterSteps {
    /// What SoCo's filter script asks of width and height in every strategy but `none`, in pixels.
    private static let soCoSide = 32.0

    /// SoCo's `ratio3size0308post`: what to try in turn on an image that the filter before left without a
    /// box.
    /// - Source: SoCo, `selective_search/filter_ss_proposals_json_post_no_prop.py`; its loader for the whole image.
    package static let soCo = relaxing(.soCo)

    /// The filters of a published name.
    ///
    /// `none`, AlignDet's `ratio3size0008`, or a name by the grammar of SoCo's script: `ratioR`, `sizeMMXX` or both, MM
    /// and XX tenths of the image's side, R a whole number; sides of at least 32 pixels. `post` behind it adds SoCo's
    /// fallbacks: the ratio alone, the least side alone, the whole image. `@T` behind all of it drops boxes that overlap a
    /// better one by more than T.
    /// - Throws: for a name that is none of these.
    package static func named(_ name: String) throws(DataError) -> ProposalFilterSteps {
        let parts = name.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false)
        var steps = try withoutOverlap(String(parts[0]), name)
        guard parts.count > 1 else { return steps }
        guard let threshold = Double(parts[1]), threshold > 0, threshold < 1 else { throw unknown(name) }
        for i in steps.steps.indices { steps.steps[i].overlapThreshold = threshold }
        return steps
    }

    private static func withoutOverlap(_ strategy: String, _ name: String) throws(DataError)
        -> ProposalFilterSteps
    {
        switch strategy {
        case "none": return ProposalFilterSteps([ProposalFilter()])
        case "ratio3size0008": return ProposalFilterSteps([.alignDet])
        default: break
        }
        var rest = Substring(strategy)
        var filter = ProposalFilter(minimumSide: soCoSide)
        if let digits = digits(after: "ratio", &rest) {
            guard let ratio = Int(digits), ratio >= 1 else { throw unknown(name) }
            filter.maximumAspectRatio = Double(ratio)
        }
        if let digits = digits(after: "size", &rest) {
            guard digits.count == 4, let low = Int(digits.prefix(2)), let high = Int(digits.suffix(2)),
                low < high
            else { throw unknown(name) }
            filter.relativeSizes = Double(low) / 10...Double(high) / 10
        }
        guard filter.maximumAspectRatio != nil || filter.relativeSizes != nil else { throw unknown(name) }
        switch rest {
        case "": return ProposalFilterSteps([filter])
        case "post": return relaxing(filter)
        default: throw unknown(name)
        }
    }

    private static func relaxing(_ filter: ProposalFilter) -> ProposalFilterSteps {
        let ratio = ProposalFilter(
            maximumAspectRatio: filter.maximumAspectRatio, minimumSide: filter.minimumSide)
        let side = ProposalFilter(minimumSide: filter.minimumSide)
        return ProposalFilterSteps([filter, ratio, side], fallsBackToWholeImage: true)
    }

    private static func digits(after word: String, _ text: inout Substring) -> Substring? {
        guard text.hasPrefix(word) else { return nil }
        let rest = text.dropFirst(word.count)
        let digits = rest.prefix { $0.isASCII && $0.isNumber }
        guard !digits.isEmpty else { return nil }
        text = rest.dropFirst(digits.count)
        return digits
    }

    private static func unknown(_ name: String) -> DataError {
        DataError(
            .usage, "there is no proposal filter '\(name)'",
            hint:
                "none, ratio3size0008, ratio3size0308, ratio3size0308post, or ratioRsizeMMXX with other numbers; "
                + "@0.5 behind it drops boxes that overlap a better one")
    }
}
