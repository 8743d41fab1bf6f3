/// The forms of a dense detector's contrast that fixtures hold numbers of.
enum ContrastVariant: String, CaseIterable {
    case faithfulPositives = "faithful_positives"
    case faithfulAll = "faithful_all"
    case correctedPositives = "corrected_positives"
    case correctedAll = "corrected_all"

    var isFaithful: Bool { rawValue.hasPrefix("faithful") }
    var samplesNegatives: Bool { rawValue.hasSuffix("all") }
}
