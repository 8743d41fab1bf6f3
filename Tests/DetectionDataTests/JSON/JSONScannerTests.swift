import Foundation
import Randomness
import Testing

@testable import DetectionData

@Suite struct JSONScannerTests {
    private func scanner(_ text: String, acceptsNonFinite: Bool = false) -> JSONScanner {
        JSONScanner(bytes: Array(text.utf8), name: "text.json", acceptsNonFinite: acceptsNonFinite)
    }

    /// The message of the error that skipping `text` gives, or nil.
    private func complaint(_ bytes: [UInt8]) -> String? {
        var scanner = JSONScanner(bytes: bytes, name: "text.json")
        do throws(DataError) {
            try scanner.skipValue()
            try scanner.finish()
            return nil
        } catch {
            return error.message
        }
    }

    private func complaint(_ text: String) -> String? { complaint(Array(text.utf8)) }

    @Test func numbersAreTheNearestDoubles() throws {
        // Written to their exact neighbours: halfway cases, the ends of the range, more digits than 64 bits
        // hold.
        let cases: [(String, UInt64)] = [
            ("9007199254740993", 0x4340_0000_0000_0000),
            ("9007199254740993.0000000000000001", 0x4340_0000_0000_0001),
            ("0.1", 0x3FB9_9999_9999_999A), ("-0", 0x8000_0000_0000_0000), ("-0.0e5", 0x8000_0000_0000_0000),
            ("1.7976931348623157e308", 0x7FEF_FFFF_FFFF_FFFF), ("5e-324", 1), ("2e-324", 0),
            ("1E+2", 0x4059_0000_0000_0000),
            ("2.2250738585072011e-308", 0x000F_FFFF_FFFF_FFFF), ("1e22", 0x4480_F0CF_064D_D592),
            ("1e23", 0x44B5_2D02_C7E1_4AF6), ("0.8999999999999999", 0x3FEC_CCCC_CCCC_CCCC),
            ("179769313486231570000000000000000000000.5", 0x47E0_E7C9_EEBC_4449),
        ]
        for (text, bits) in cases {
            var scanner = scanner(text)
            #expect(try scanner.double().bitPattern == bits, "\(text)")
        }
    }

    @Test func randomDecimalsAgreeWithTheLibraryConversion() throws {
        var random = RandomSource(seed: 1, purpose: .test)
        for _ in 0..<100_000 {
            let digits = String(random.next() >> UInt64.random(in: 0..<64, using: &random))
            let fraction = String(random.next() >> UInt64.random(in: 0..<64, using: &random))
            let exponent = Int.random(in: -30...30, using: &random)
            let text = "\(digits).\(fraction)" + (Bool.random(using: &random) ? "e\(exponent)" : "")
            var scanner = scanner(text)
            let value = try scanner.double()
            #expect(value == Double(text), "\(text)")
        }
    }

    @Test func shortestDecimalsReadBackAsTheSameDouble() throws {
        var random = RandomSource(seed: 2, purpose: .test)
        for _ in 0..<20_000 {
            let number = Double(bitPattern: random.next())
            let (scaled, unit) = (
                Double(Float(bitPattern: UInt32(random.next() >> 32))),
                Double.random(in: 0..<1, using: &random)
            )
            for number in [number, scaled, unit, unit * 640] where number.isFinite {
                var writer = JSONWriter()
                writer.value(number)
                var scanner = JSONScanner(bytes: writer.bytes, name: "written")
                #expect(try scanner.double().bitPattern == number.bitPattern)
            }
        }
    }

    @Test(arguments: [
        "01", "1.", ".5", "-", "+1", "1e", "1e+", "0x10", "NaN", "Infinity", "-Infinity", "1 2", "nul",
        "truex", "[1,]",
        "[1 2]", "[,]", "{\"a\":1,}", "{\"a\" 1}", "{a:1}", "{\"a\":}", "{\"a\"}", "[", "{", "[1", "[1,",
        "{\"a\":1",
        "\"abc", "\"\\", "", "  ", "]", "\"\u{1}\"", "[}",
    ])
    func textsOutsideTheGrammarAreRefused(text: String) {
        #expect(complaint(text) != nil)
    }

    @Test(arguments: [
        "0", "-1.5e-7", "[]", "{}", "[[],{}]", " [ 1 , 2 ] ", "{\"a\":{\"b\":[true,false,null]}}",
        "\"\\u00e9\\\"\"",
        "\u{FEFF}[1]",
    ])
    func textsInsideTheGrammarAreSkipped(text: String) {
        #expect(complaint(text) == nil)
    }

    @Test func errorsNameFileByteAndLine() {
        #expect(
            complaint("{\n \"a\": tru }") == "text.json: a word that JSON does not have, at byte 8, line 2")
        #expect(
            complaint("[1,\n2,\n NaN]")
                == "text.json: expected a number, found NaN or Infinity, at byte 8, line 3")
        #expect(complaint("[1,2") == "text.json: the text ends in the middle of a value, at byte 4, line 1")
        #expect(complaint("") == "text.json: the file is empty, at byte 0, line 1")
    }

    @Test func nestingIsLimited() {
        let deep = 256
        #expect(complaint(String(repeating: "[", count: deep) + String(repeating: "]", count: deep)) == nil)
        let deeper = complaint(String(repeating: "[", count: 100_000))
        #expect(deeper == "text.json: values nested deeper than 256, at byte 256, line 1")
    }

    @Test func stringsResolveEscapesAndCheckUTF8() throws {
        var escaped = scanner(#""\u00e9\n\t\"\\\/ \ud83d\ude00 ü \b\f\r""#)
        #expect(try escaped.string() == "é\n\t\"\\/ 😀 ü \u{8}\u{C}\r")
        for text in [#""\ud83d""#, #""\ud83dx""#, #""\ude00""#, #""\u12""#, #""\u12g4""#, #""\x""#] {
            var scanner = scanner(text)
            #expect(throws: DataError.self) { try scanner.string() }
        }
        var broken = JSONScanner(bytes: [0x22, 0xC3, 0x22], name: "text.json")
        #expect(throws: DataError.self) { try broken.string() }
    }

    @Test func keysMatchLiteralsAlsoWhenEscaped() throws {
        var scanner = scanner(#"{"bbox":1,"\u0062box":2,"bboxes":3}"#)
        var found: [String: Int] = [:]
        var texts: [String] = []
        try scanner.beginObject()
        while let key = try scanner.nextKey() {
            texts.append(key.text)
            switch key {
            case "bbox": found["bbox", default: 0] += try scanner.integer()
            default: found["other"] = try scanner.integer()
            }
        }
        #expect(found == ["bbox": 3, "other": 3])
        #expect(texts == ["bbox", "bbox", "bboxes"])
    }

    @Test func integersMayBeWrittenAsDecimals() throws {
        for (text, value) in [
            ("7", 7), ("-7.0", -7), ("3e2", 300), ("9223372036854775807", Int.max), ("1.50e1", 15),
            ("0.0", 0),
        ] {
            var scanner = scanner(text)
            #expect(try scanner.integer() == value)
        }
        for text in ["1.5", "9223372036854775808", "1e300", "\"1\"", "null", "NaN", "123456789012345678901"] {
            var scanner = scanner(text)
            #expect(throws: DataError.self) { try scanner.integer() }
        }
    }

    @Test func nonFiniteNumbersAreReadOnRequestOnly() throws {
        var scanner = scanner("[NaN,Infinity,-Infinity,1e999]", acceptsNonFinite: true)
        try scanner.beginArray()
        var values: [Double] = []
        for _ in 0..<3 where try scanner.nextElement() { values.append(try scanner.double()) }
        #expect(values.count == 3 && values[0].isNaN && values[1] == .infinity && values[2] == -.infinity)
        _ = try scanner.nextElement()
        #expect(throws: DataError.self) { try scanner.double() }
    }

    @Test func writerEscapesAndSeparates() throws {
        var writer = JSONWriter()
        writer.beginObject()
        writer.key(text: "a\"\n")
        writer.values([1, 0.1, 1e21])
        writer.key("b")
        writer.beginArray()
        writer.value(true)
        writer.null()
        writer.value("é\\\u{1F}")
        writer.value(-3)
        writer.beginObject()
        writer.endObject()
        writer.endArray()
        writer.endObject()
        let text = String(decoding: writer.bytes, as: UTF8.self)
        #expect(text == #"{"a\"\u000a":[1.0,0.1,1e+21],"b":[true,null,"é\\\u001f",-3,{}]}"#)
        #expect(try JSONSerialization.jsonObject(with: Data(writer.bytes)) is [String: Any])
    }

    @Test func missingFilesAndFoldersAreMissingInput() {
        for path in ["/nonexistent/file.json", "/tmp"] {
            #expect {
                try COCOAnnotations.read(path: path)
            } throws: { error in
                let error = error as? DataError
                return error?.kind == .missingInput && error?.message.hasPrefix(path) == true
            }
        }
        // No pages to map, as with a pipe.
        #expect {
            try COCOResults.read(path: "/dev/null")
        } throws: { ($0 as? DataError)?.message == "/dev/null: the file is empty, at byte 0, line 1" }
    }
}
