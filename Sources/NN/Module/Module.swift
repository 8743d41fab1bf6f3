internal import Randomness
package import Tensors

/// A part of a network that owns parameters. It lists its parts by name; nothing is found by reflection.
package protocol Module: AnyObject {
    /// Names every parameter, running buffer and sub-module of this one.
    func visit(_ visitor: inout ParameterVisitor)
}

/// Walks a module tree and collects what it finds under dotted paths, in the order in which modules list it.
package struct ParameterVisitor {
    package private(set) var parameters: [(path: String, parameter: Parameter)] = []
    package private(set) var buffers: [(path: String, buffer: RunningBuffer)] = []
    /// What modules derived from their parameters and must derive anew when those are loaded.
    package private(set) var loadHandlers: [() -> Void] = []
    private var prefix = ""

    package mutating func visit(_ name: String, _ parameter: Parameter?) {
        if let parameter { parameters.append((prefix + name, parameter)) }
    }

    package mutating func visit(_ name: String, _ buffer: RunningBuffer?) {
        if let buffer { buffers.append((prefix + name, buffer)) }
    }

    package mutating func visit(_ name: String, _ module: (any Module)?) {
        guard let module else { return }
        let outer = prefix
        prefix += name + "."
        module.visit(&self)
        prefix = outer
    }

    /// Registers what to do after parameters were loaded from outside.
    package mutating func onLoad(_ handler: @escaping () -> Void) { loadHandlers.append(handler) }

    package mutating func visit(_ name: String, _ modules: [any Module]) {
        for (i, module) in modules.enumerated() { visit("\(name).\(i)", module) }
    }
}

extension Module {
    /// Parameters under their paths.
    package var namedParameters: [(path: String, parameter: Parameter)] {
        var visitor = ParameterVisitor()
        visit(&visitor)
        return visitor.parameters
    }

    /// Running buffers under their paths.
    package var namedBuffers: [(path: String, buffer: RunningBuffer)] {
        var visitor = ParameterVisitor()
        visit(&visitor)
        return visitor.buffers
    }

    /// Parameters and buffers as tensors, in visiting order: what a file of weights holds.
    package var namedTensors: [(path: String, tensor: Tensor)] {
        namedParameters.map { ($0.path, $0.parameter.value) } + namedBuffers.map { ($0.path, $0.buffer.value) }
    }

    /// To be called after tensors were written from outside: derived state is made anew.
    package func didLoad() {
        var visitor = ParameterVisitor()
        visit(&visitor)
        for (_, parameter) in visitor.parameters { parameter.leaf.didChange() }
        for handler in visitor.loadHandlers { handler() }
    }

    /// Starts every parameter. Each draws from a stream of its own, named by its path, so that the numbers do not
    /// depend on which other parts the model has.
    /// - loaded: prefixes of parameters that a file is about to fill; drawing millions of numbers takes a while.
    package func initialize(seed: UInt64, except loaded: [String] = []) {
        for (path, parameter) in namedParameters where !loaded.contains(where: { path.hasPrefix($0) }) {
            let source = RandomSource(seed: seed, sample: Int(bitPattern: pathHash(path)), purpose: .weights)
            parameter.initializer.fill(parameter.value, source)
        }
        didLoad()
    }

    /// 64-bit FNV-1a.
    private func pathHash(_ path: String) -> UInt {
        path.utf8.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt($1)) &* 0x100_0000_01b3 }
    }
}
