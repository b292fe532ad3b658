internal import EventModel

/// Where finished events go. One thread owns it.
protocol EventSink: AnyObject {
    func take(_ event: SensorEvent)
    /// Hands over what has been taken. Never waits for the reader.
    func flush()
    /// Waits until everything that was taken is safe, or was told as lost; `patience` milliseconds at most.
    func settle(patience: Int32) -> Bool
}
