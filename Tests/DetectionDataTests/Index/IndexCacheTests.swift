import Foundation
import Testing

@testable import DetectionData

/// An index is taken for its data set, and never for another one.
@Suite struct IndexCacheTests {
    private let folder: ScratchFolder
    private let file: String
    private let images: String
    private let cache: IndexCache
    private static let options = COCODataset.Options(
        use: .training, classNames: nil, subset: .all, policy: .dropWithReport, orientation: .apply,
        needsMasks: true)

    init() throws {
        folder = try ScratchFolder()
        (file, images) = (folder.path + "/set.json", folder.path + "/images")
        cache = IndexCache(root: folder.path)
        try FileManager.default.createDirectory(atPath: images, withIntermediateDirectories: true)
        for name in ["a.jpg", "b.jpg"] { try Data([1]).write(to: URL(fileURLWithPath: "\(images)/\(name)")) }
        try write(width: 30)
    }

    /// Two images with a polygon and runs; the third annotation has no area.
    private func write(width: Int) throws {
        let text = """
            {"images": [{"id": 7, "file_name": "a.jpg", "width": 64, "height": 48},
             {"id": 3, "file_name": "b.jpg", "width": 48, "height": 64}],
             "categories": [{"id": 5, "name": "cat \u{00e9}"}], "annotations": [
             {"id": 1, "image_id": 3, "category_id": 5, "bbox": [1, 2, \(width), 40], "area": 9,
              "segmentation": [[1, 2, 31.5, 2, 31, 42], [0, 0, 1, 0, 1, 1, 0, 1]]},
             {"id": 2, "image_id": 7, "category_id": 5, "bbox": [0, 0, 4, 4], "area": 16,
              "segmentation": {"size": [48, 64], "counts": [3, 4, 3065]}},
             {"id": 3, "image_id": 7, "category_id": 5, "bbox": [0, 0, 0, 4], "area": 0}]}
            """
        try Data(text.utf8).write(to: URL(fileURLWithPath: file))
    }

    private func origin(_ options: COCODataset.Options = options) throws -> IndexCache.Origin {
        try #require(IndexCache.Origin(files: [file], imageFolder: images, options: options))
    }

    private func keep() throws -> COCODataset {
        let dataset = try COCODataset(
            COCOAnnotations.read(path: file, withMasks: true), imageFolder: images, options: Self.options,
            origin: origin())
        try cache.keep(dataset, origin())
        return dataset
    }

    private func mapped(_ options: COCODataset.Options = options, checksImages: Bool = true) throws
        -> COCODataset?
    {
        try cache.dataset(origin(options), imageFolder: images, options: options, checksImages: checksImages)
    }

    private var indexPath: String {
        get throws {
            let own = "\(folder.path)/aligndet-mpi-\(geteuid())"
            let names = try FileManager.default.contentsOfDirectory(atPath: own)
            try #require(names.count == 1 && names[0].hasPrefix("set-"), "\(names)")
            return "\(own)/\(names[0])"
        }
    }

    @Test func aMappedDataSetIsTheOneThatWasKept() throws {
        #expect(try mapped() == nil)
        let kept = try keep()
        let again = try #require(try mapped())
        #expect(again.count == 2 && again.classNames == ["cat \u{00e9}"] && again.categoryIDs == [5])
        #expect(again.report.table == kept.report.table && again.report.defectCount == 1)
        #expect(again.source == file && again.imageID(at: 0) == 7 && again.imageID(at: 1) == 3)
        for image in 0..<2 {
            #expect(
                again.size(at: image) == kept.size(at: image) && again.path(at: image) == kept.path(at: image)
            )
            #expect(again.boxes(at: image) == kept.boxes(at: image) && again.boxes(at: image).count == 1)
            #expect(again.labels(at: image) == [0])
        }
        guard case .polygons(let parts) = again.index.outlines(of: 1)[0],
            case .runs(let mask) = again.index.outlines(of: 0)[0]
        else { throw DataError(.badInput, "outlines of another kind") }
        #expect(parts == [[1, 2, 31.5, 2, 31, 42], [0, 0, 1, 0, 1, 1, 0, 1]])
        #expect(mask == RLEMask(width: 64, height: 48, counts: [3, 4, 3065]))
    }

    @Test func otherFilesAndOptionsHaveIndicesOfTheirOwn() throws {
        _ = try keep()
        var other = Self.options
        other.subset = .first(1)
        #expect(try mapped(other) == nil)
        // As long as before, and with the same time of change.
        let time = try FileManager.default.attributesOfItem(atPath: file)[.modificationDate] as Any
        try write(width: 31)
        try FileManager.default.setAttributes([.modificationDate: time], ofItemAtPath: file)
        #expect(try mapped() == nil)
        try write(width: 30)
        #expect(try mapped() == nil, "the time of change is another one")
    }

    @Test func damagedIndicesAndMissingImagesAreNoticed() throws {
        _ = try keep()
        let path = try indexPath
        let whole = try Data(contentsOf: URL(fileURLWithPath: path))
        for place in [0, 17, 30, 40, whole.count / 2, whole.count - 70] {
            var damaged = whole
            damaged[place] ^= 1
            try damaged.write(to: URL(fileURLWithPath: path))
            #expect(try mapped() == nil, "byte \(place)")
        }
        for count in [0, 3, 64, whole.count / 16 * 8, whole.count - 8] {
            try whole.prefix(count).write(to: URL(fileURLWithPath: path))
            #expect(try mapped() == nil, "\(count) bytes")
        }
        try whole.write(to: URL(fileURLWithPath: path))
        #expect(try mapped() != nil)
        try FileManager.default.removeItem(atPath: "\(images)/b.jpg")
        #expect(try mapped() == nil)
        #expect(try mapped(checksImages: false) != nil)
        // What has images missing may be whole the next time.
        try FileManager.default.removeItem(atPath: path)
        #expect(try keep().report.entries.contains { $0.defect == .missingImageFile })
        #expect(!FileManager.default.fileExists(atPath: path))
    }

    @Test func indicesThatNobodyUsesGo() throws {
        _ = try keep()
        let path = try indexPath
        let old = Date(timeIntervalSinceNow: -31 * 24 * 3600)
        func setOld(_ path: String) throws {
            try FileManager.default.setAttributes([.modificationDate: old], ofItemAtPath: path)
        }
        try FileManager.default.copyItem(atPath: path, toPath: path + "-2.index")
        try setOld(path)
        try setOld(path + "-2.index")
        #expect(try mapped() != nil, "and is in use now")
        _ = try keep()
        #expect(try indexPath == path)
    }

    @Test func foldersOfOthersAreLeftAlone() throws {
        let own = "\(folder.path)/aligndet-mpi-\(geteuid())"
        _ = try keep()
        chmod(own, 0o777)
        #expect(try mapped() == nil)
        #expect { _ = try keep() } throws: { "\($0)".contains("no folder of this user alone") }
    }
}
