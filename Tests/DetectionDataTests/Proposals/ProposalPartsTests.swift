import Foundation
import Testing

@testable import DetectionData

@Suite struct ProposalPartsTests {
    private let folder: ScratchFolder
    private let images = (1...40).map {
        COCOAnnotations.ImageRecord(id: $0, fileName: "\($0).jpg", width: 64, height: 48)
    }

    init() throws { folder = try ScratchFolder() }

    private func parts(_ parameters: [String: String] = ["mode": "fast"]) -> ProposalParts {
        ProposalParts(
            beside: folder.path + "/p.json",
            info: ProposalFile.Info(description: "d", parameters: parameters, images: images))
    }

    private func boxes(_ count: Int) -> [[Box]] {
        (0..<count).map { i in (0..<i % 3).map { Box(x1: Float($0), y1: 0.1, x2: Float(i) + 5, y2: 7) } }
    }

    @Test func partsComeBackAsWritten() throws {
        let parts = parts()
        try parts.prepare()
        #expect(parts.partCount == 3 && parts.images(of: 2) == 32..<40)
        try parts.write(boxes(16), part: 1)
        try parts.write(boxes(8), part: 2)
        #expect(parts.finished() == [1, 2])
        #expect(try parts.read(1) == boxes(16))
        #expect(try parts.read(2) == boxes(8))
        parts.remove()
        #expect(parts.finished().isEmpty)
    }

    @Test func collectorWritesAPartOnceAllItsImagesCame() throws {
        let parts = parts()
        try parts.prepare()
        let collector = PartCollector(parts)
        for image in (1..<16).reversed() { #expect(try collector.add([], image: image) == 16 - image) }
        #expect(parts.finished().isEmpty)
        #expect(try collector.add([Box(x: 1, y: 2, width: 3, height: 4)], image: 0) == 16)
        #expect(try parts.read(0)[0] == [Box(x: 1, y: 2, width: 3, height: 4)])
    }

    @Test func partsOfOtherSettingsDoNotCount() throws {
        try parts().prepare()
        try parts().write(boxes(16), part: 0)
        #expect(parts(["mode": "quality"]).finished().isEmpty)
        #expect(parts().finished() == [0])
    }

    /// Cut anywhere or with any bit changed, a part is none.
    @Test func damagedPartsDoNotCount() throws {
        let parts = parts()
        try parts.prepare()
        try parts.write(boxes(16), part: 0)
        let url = URL(fileURLWithPath: parts.folder + "/0")
        let whole = try Data(contentsOf: url)
        for i in stride(from: 0, to: whole.count, by: 5) {
            try whole.prefix(i).write(to: url)
            #expect(parts.finished().isEmpty)
            var changed = whole
            changed[i] ^= 4
            try changed.write(to: url)
            #expect(parts.finished().isEmpty)
        }
        try whole.write(to: url)
        #expect(parts.finished() == [0])
    }
}
