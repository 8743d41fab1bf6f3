internal import Foundation

/// A thread of the operating system that is joined, not forgotten.
struct LoaderThread {
    private let handle: pthread_t

    /// - name: for the error message.
    /// - Throws: where the system gives no further thread.
    init(name: String, body: @escaping @Sendable () -> Void) throws(DataError) {
        let work = Unmanaged.passRetained(Work(body))
        var handle = pthread_t()
        let status = pthread_create(
            &handle, nil,
            { argument in
                guard let argument else { return nil }
                Unmanaged<Work>.fromOpaque(argument).takeRetainedValue().body()
                return nil
            }, work.toOpaque())
        guard status == 0 else {
            work.release()
            throw DataError(
                .usage, "\(name) cannot be started: \(String(cString: strerror(status)))",
                hint: "ask for fewer loader threads")
        }
        self.handle = handle
    }

    /// Waits for the thread's end. Once only.
    func join() {
        let status = pthread_join(handle, nil)
        precondition(status == 0, "pthread_join: \(status)")
    }

    /// Carries the closure through the C call.
    private final class Work: Sendable {
        let body: @Sendable () -> Void

        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }
}
