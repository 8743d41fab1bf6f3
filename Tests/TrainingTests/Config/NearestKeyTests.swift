import Testing

@testable import Training

@Suite struct NearestKeyTests {
    @Test func distanceCountsEdits() {
        for (one, other, expected) in [
            ("kitten", "sitting", 3), ("", "abc", 3), ("flaw", "lawn", 2), ("same", "same", 0),
        ] {
            #expect(NearestKey.distance(Array(one), Array(other)) == expected)
        }
    }

    @Test func farWordsAreNotOffered() {
        #expect(NearestKey.among(["momentum", "lr"], to: "momentun") == "momentum")
        #expect(NearestKey.among(["momentum", "lr"], to: "lrr") == "lr")
        #expect(NearestKey.among(["momentum", "betas"], to: "xyzw") == nil)
        #expect(NearestKey.among([], to: "x") == nil)
    }
}
