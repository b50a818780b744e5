using Microsoft.AspNetCore.Http;
using Tenantry.Server.Gateway.Strictness;

namespace Tenantry.Server.Gateway.Forwarding;

/// <summary>The two sockets of an exchange: prompt while it is short (<see cref="PollingThread"/>).</summary>
internal readonly struct Pace(RequestGuard? front, InstanceConnection inner)
{
    /// <summary>Bytes of a body up to which an exchange is short.</summary>
    public const int Short = 16 * 1024;

    /// <summary>A request that waits, or is not forwarded here: it goes on in the pool.</summary>
    public static ValueTask StepAsideAsync(HttpContext context)
    {
        if (context.Features.Get<RequestGuard>() is { } guard)
            guard.IsLong = true;
        return PollingThread.LeaveAsync();
    }

    /// <summary>It may go on for long. Whoever goes on leaves the polling thread.</summary>
    public void SlowDown()
    {
        inner.IsPrompt = false;
        if (front is not null)
            front.IsLong = true;
    }
}
