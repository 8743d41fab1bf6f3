extension SafetensorsEntry {
    /// Every element as a 64-bit float, whatever its type; integers beyond 2^53 are rounded, true is 1.
    package func doubles() -> [Double] {
        switch dtype {
        case .float64: convert(UInt64.self) { Double(bitPattern: $0) }
        case .float32: convert(UInt32.self) { Double(Float(bitPattern: $0)) }
        case .float16: convert(UInt16.self) { Double(Float16(bitPattern: $0)) }
        case .bfloat16: convert(UInt16.self) { Double(Float(bitPattern: UInt32($0) << 16)) }
        case .int64: convert(Int64.self) { Double($0) }
        case .int32: convert(Int32.self) { Double($0) }
        case .int16: convert(Int16.self) { Double($0) }
        case .int8: convert(Int8.self) { Double($0) }
        case .uint8, .bool: convert(UInt8.self) { Double($0) }
        }
    }

    /// Every element of a floating-point tensor as a 32-bit float; `nil` for the integer types.
    package func floats() -> [Float]? {
        switch dtype {
        case .float64: convert(UInt64.self) { Float(Double(bitPattern: $0)) }
        case .float32: convert(UInt32.self) { Float(bitPattern: $0) }
        case .float16: convert(UInt16.self) { Float(Float16(bitPattern: $0)) }
        case .bfloat16: convert(UInt16.self) { Float(bitPattern: UInt32($0) << 16) }
        case .int64, .int32, .int16, .int8, .uint8, .bool: nil
        }
    }

    private func convert<Raw: FixedWidthInteger & BitwiseCopyable, Value>(
        _ type: Raw.Type, _ body: (Raw) -> Value
    ) -> [Value] {
        bytes.withUnsafeBytes { memory in
            let count = memory.count / MemoryLayout<Raw>.size
            return [Value](unsafeUninitializedCapacity: count) { values, initialized in
                for index in 0..<count {
                    let raw = memory.loadUnaligned(
                        fromByteOffset: index * MemoryLayout<Raw>.size, as: Raw.self)
                    values.initializeElement(at: index, to: body(Raw(littleEndian: raw)))
                }
                initialized = count
            }
        }
    }
}
