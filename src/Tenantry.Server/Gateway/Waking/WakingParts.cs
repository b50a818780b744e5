using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Tenantry.Server.Engine;
using Tenantry.Server.Gateway.Forwarding;
using Tenantry.Server.Gateway.Webhooks;

namespace Tenantry.Server.Gateway.Waking;

/// <summary>Gates, what keeps the engine told of them, and where requests wait.</summary>
public sealed class WakingParts
{
    public WakingParts(IEngineLink engine, WakingOptions options, Action<string> rested, TimeProvider time, ILoggerFactory loggers)
    {
        Gates = new Gates(time);
        Attendance = new EngineAttendance(engine, Gates, time, loggers.CreateLogger<EngineAttendance>());
        Waker = new Waker(engine, Gates, options, rested, time, loggers.CreateLogger<Waker>());
        Room = new WaitingRoom(Gates, Waker, options, Attendance.Tell, time);
    }

    public Gates Gates { get; }

    public EngineAttendance Attendance { get; }

    public Waker Waker { get; }

    public WaitingRoom Room { get; }

    /// <summary>Webhooks are stored in that folder and delivered from it by what this returns, once it is started.</summary>
    /// <param name="folder">The gateway's own.</param>
    /// <param name="routes">Where they go.</param>
    /// <param name="forwarder">Sends them.</param>
    /// <param name="routesAreWhole">True when an instance without a route is gone.</param>
    /// <param name="time">The clock.</param>
    /// <param name="log">The log.</param>
    /// <param name="observer">Told each step, in crash tests.</param>
    public BackgroundService KeepWebhooks(
        string folder, Routes routes, IForwarder forwarder, Func<bool> routesAreWhole, TimeProvider time, ILogger log, IWebhookObserver? observer = null)
    {
        var box = new WebhookBox(folder, time, observer);
        var sender = new WebhookSender(routes, Gates, Waker, forwarder, Attendance.Tell, time, observer);
        var delivery = new WebhookDelivery(box, routes, sender, routesAreWhole, time, log, observer);
        Room.Webhooks = new WebhookIntake(box, delivery.Stored, time, log, observer);
        return delivery;
    }
}
