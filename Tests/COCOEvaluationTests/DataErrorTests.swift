import DetectionData
import Foundation
import TestSupport
import Testing

@testable import COCOEvaluation

@Suite struct DataErrorTests {
    private func annotations(_ annotations: [COCOAnnotations.Annotation]) -> COCOAnnotations {
        COCOAnnotations(
            images: [.init(id: 5, fileName: "5.jpg", width: 100, height: 100)],
            categories: [.init(id: 1, name: "one")], annotations: annotations, source: "gt.json")
    }

    private func annotation(_ id: Int, image: Int = 5, area: Double = 100) -> COCOAnnotations.Annotation {
        .init(id: id, imageID: image, categoryID: 1, bbox: (x: 0, y: 0, width: 10, height: 10), area: area)
    }

    private func detection(image: Int = 5, width: Double = 10, score: Double = 0.5) -> COCOResults.Detection {
        .init(imageID: image, categoryID: 1, bbox: (x: 0, y: 0, width: width, height: 10), score: score)
    }

    private func complaint(_ body: () throws -> Void) -> String? {
        do {
            try body()
            return nil
        } catch {
            return (error as? DataError)?.message
        }
    }

    /// The message of reading a results file with this text; the path stands as "dt.json".
    private func readingComplaint(_ text: String) throws -> String? {
        let url = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID()).json")
        defer { try? FileManager.default.removeItem(at: url) }
        try Data(text.utf8).write(to: url)
        return complaint { _ = try COCOResults.read(path: url.path) }?.replacingOccurrences(
            of: url.path, with: "dt.json")
    }

    @Test func strictEvaluationNamesTheAnnotation() {
        #expect(
            complaint {
                _ = try COCOEvaluator(
                    groundTruth: annotations([annotation(8), annotation(9), annotation(8)]))
            }
                == "gt.json: annotation id 8 occurs twice (entries 0 and 2)")
        #expect(
            complaint { _ = try COCOEvaluator(groundTruth: annotations([annotation(8, image: 6)])) }
                == "gt.json: annotation 8 is of image 6, which is not listed")
        #expect(
            complaint { _ = try COCOEvaluator(groundTruth: annotations([annotation(8, area: .nan)])) }
                == "gt.json: annotation 8 has a box or area that is not finite")
    }

    @Test func imagesThatNoMaskCanCoverAreNamed() {
        var parameters = EvaluationParameters.coco
        parameters.kind = .segm
        for (size, words) in [((0, 5), "has no size"), ((1 << 40, 5), "is declared 1099511627776x5")] {
            let truth = COCOAnnotations(
                images: [.init(id: 5, fileName: "5.jpg", width: size.0, height: size.1)],
                categories: [.init(id: 1, name: "one")], annotations: [], source: "gt.json")
            let message = complaint { _ = try COCOEvaluator(groundTruth: truth, parameters: parameters) }
            #expect(message?.contains("gt.json: image 5 \(words)") == true, "\(message ?? "")")
        }
    }

    @Test func strictEvaluationNamesTheDetection() throws {
        let evaluator = try COCOEvaluator(groundTruth: annotations([annotation(8)]))
        func complaint(_ detection: COCOResults.Detection) -> String? {
            self.complaint {
                _ = try evaluator.evaluate(
                    results: COCOResults(detections: [self.detection(), detection], source: "dt.json"))
            }
        }
        #expect(
            complaint(detection(image: 7))
                == "dt.json: detection entry 1 is in image 7, which gt.json does not have")
        #expect(
            complaint(detection(score: .nan))
                == "dt.json: detection entry 1 in image 5 has a box or score that is not finite")
        #expect(
            complaint(detection(width: .infinity))
                == "dt.json: detection entry 1 in image 5 has a box or score that is not finite")
        #expect(
            complaint(detection(width: -1))
                == "dt.json: detection entry 1 in image 5 has a box of negative size")
        #expect(complaint(detection(width: 0)) == nil)
    }

    @Test func lenientEvaluationCountsAndDrops() throws {
        let truth = annotations([annotation(8), annotation(9, image: 6), annotation(8)])
        let evaluator = try COCOEvaluator(groundTruth: truth, strictness: .lenient)
        let summary = try evaluator.evaluate(
            results: COCOResults(detections: [
                detection(), detection(image: 7), detection(score: .nan), detection(width: -3),
                .init(imageID: 5, categoryID: 2, bbox: (x: 0, y: 0, width: 1, height: 1), score: 1),
            ]))
        let counts = EvaluationSummary.Counts(
            images: 1, annotations: 1, detections: 1, droppedAnnotations: 2, droppedUnknownImage: 1,
            droppedUnknownCategory: 1, droppedMalformed: 2)
        #expect(summary.counts == counts)
        #expect(abs((summary["AP"] ?? 0) - 1) < 1e-12)
    }

    @Test func malformedResultsNameFileAndByte() throws {
        let entry = #"{"image_id":5,"category_id":1,"bbox":[0,0,10,10],"score":0.5}"#
        #expect(try readingComplaint("[\(entry)]") == nil)
        #expect(try readingComplaint("[]") == nil)
        #expect(
            try readingComplaint("[\(entry),")
                == "dt.json: the text ends in the middle of a value, at byte \(entry.utf8.count + 2), line 1")
        #expect(
            try readingComplaint("[\n" + entry.replacingOccurrences(of: "0.5", with: "NaN") + "]")
                == "dt.json: expected a number, found NaN or Infinity, at byte 59, line 2")
        #expect(
            try readingComplaint("[" + entry.replacingOccurrences(of: "[0,0,10,10]", with: "\"0\"") + "]")
                == "dt.json: expected an array, found a string, at byte 38, line 1")
        #expect(
            try readingComplaint(#"[{"image_id":5,"category_id":1,"score":0.5}]"#)
                == "dt.json: detection entry 0 has no 'bbox', at byte 1, line 1")
        #expect(try readingComplaint("{\"images\":[]}")?.contains("found an object") == true)
    }

    @Test func resultsSurviveAFileBitForBit() throws {
        let results = try EvaluationCase("photographs").results
        let url = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID()).json")
        defer { try? FileManager.default.removeItem(at: url) }
        try results.write(path: url.path)
        let copy = try COCOResults.read(path: url.path)
        #expect(copy.detections.count == results.detections.count)
        for (a, b) in zip(copy.detections, results.detections) {
            #expect(
                a.imageID == b.imageID && a.categoryID == b.categoryID && a.bbox == b.bbox
                    && a.score == b.score)
        }
        let folder = url.deletingLastPathComponent().path
        let leftovers = try FileManager.default.contentsOfDirectory(atPath: folder).filter {
            $0.hasPrefix(url.lastPathComponent + ".")
        }
        #expect(leftovers.isEmpty)
    }

    @Test func resultsThatAreNotNumbersAreNotWritten() {
        let path = "/tmp/never-written-\(UUID()).json"
        #expect(
            complaint { try COCOResults(detections: [detection(score: .nan)]).write(path: path) }
                == "\(path): detection entry 0, in image 5, has a box or score that is not finite")
        #expect(!FileManager.default.fileExists(atPath: path))
        let missing = "/tmp/no-such-folder-\(UUID())/dt.json"
        #expect(
            complaint { try COCOResults(detections: []).write(path: missing) }?.contains("cannot be created")
                == true)
    }

    @Test func parametersThatMakeNoSenseAreRefused() {
        let truth = annotations([])
        for change: (inout EvaluationParameters) -> Void in [
            { $0.maxDetections = [1, 10] }, { $0.maxDetections = [0, 1, 2] }, { $0.iouThresholds = [] },
            { $0.iouThresholds = [.nan] }, { $0.recallPoints = [1, 0] }, { $0.categoryIDs = [3] },
        ] {
            var parameters = EvaluationParameters.coco
            change(&parameters)
            #expect(throws: DataError.self) { try COCOEvaluator(groundTruth: truth, parameters: parameters) }
        }
    }
}
