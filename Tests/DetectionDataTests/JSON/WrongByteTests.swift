import Testing

@testable import DetectionData

/// The small form of launch/wrong-byte.sh.
@Suite struct WrongByteTests {
    private func lines(_ count: Int) -> [String] {
        [#"{"images":[],"categories":[{"id":1,"name":"c"}],"annotations":["#]
            + (1...count).map {
                #"{"id":\#($0),"image_id":1,"category_id":1,"bbox":[1,2,30,40],"area":1200,"iscrowd":0}"#
                    + ($0 < count ? "," : "]}")
            }
    }

    /// Every kind of place within an annotation, far into a long file.
    @Test(arguments: [0, 1, 4, 5, 7, 20, 44, 45, 46, 52, 60, 78, 84])
    func oneWrongByteIsNamedByOffsetAndLine(column: Int) throws {
        let lines = lines(3000)
        var bytes = Array(lines.joined(separator: "\n").utf8)
        let line = 2000
        let place = lines[..<line].reduce(0) { $0 + $1.utf8.count + 1 } + column
        bytes[place] = 1
        var scanner = JSONScanner(bytes: bytes, name: "long.json")
        let error = #expect(throws: DataError.self) { try COCOAnnotations.read(&scanner, for: .training) }
        let message = error?.message ?? ""
        let match = try #require(message.firstMatch(of: /long\.json: .*at byte (\d+), line (\d+)/), "\(message)")
        #expect(Int(match.2) == line + 1, "\(message)")
        // A string or a number that was begun is named by its start.
        let named = try #require(Int(match.1))
        #expect(named <= place && place - named < 16, "\(message), the wrong byte is at \(place)")
    }

    @Test func theSoundFileIsRead() throws {
        var scanner = JSONScanner(bytes: Array(lines(50).joined(separator: "\n").utf8), name: "long.json")
        #expect(try COCOAnnotations.read(&scanner, for: .training).annotations.count == 50)
    }
}
