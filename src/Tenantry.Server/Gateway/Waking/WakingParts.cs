using Microsoft.Extensions.Logging;
using Tenantry.Server.Engine;

namespace Tenantry.Server.Gateway.Waking;

/// <summary>Gates, what keeps the engine told of them, and where requests wait.</summary>
public sealed class WakingParts
{
    public WakingParts(IEngineLink engine, WakingOptions options, Action<string> rested, TimeProvider time, ILoggerFactory loggers)
    {
        Gates = new Gates(time);
        Attendance = new EngineAttendance(engine, Gates, time, loggers.CreateLogger<EngineAttendance>());
        Room = new WaitingRoom(Gates, new Waker(engine, Gates, options, rested, time, loggers.CreateLogger<Waker>()), options, Attendance.Tell, time);
    }

    public Gates Gates { get; }

    public EngineAttendance Attendance { get; }

    public WaitingRoom Room { get; }
}
