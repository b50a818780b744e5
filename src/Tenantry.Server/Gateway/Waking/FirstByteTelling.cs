using Microsoft.AspNetCore.Http;
using Tenantry.Server.Engine;

namespace Tenantry.Server.Gateway.Waking;

/// <summary>Tells how long a woken app took until the first byte of its answer. What the gateway answers in the app's place is none.</summary>
internal static class FirstByteTelling
{
    private static readonly object Told = new();

    /// <param name="context">The request that waited.</param>
    /// <param name="instanceId">Whom it waited for.</param>
    /// <param name="answer">What came of the wake.</param>
    /// <param name="seen">When the request was seen.</param>
    /// <param name="tell">Gets it.</param>
    /// <param name="time">The clock.</param>
    public static void Begin(HttpContext context, string instanceId, WakeAnswer answer, long seen, Action<FirstByte> tell, TimeProvider time)
    {
        if (answer.Wake is not { } wake)
            return;
        // Of one that waits once more, since the instance was not there after all, the answer comes from the later wake.
        context.Items[Told] = wake;
        context.Response.OnStarting(() =>
        {
            if (ReferenceEquals(context.Items[Told], wake) && FirstByte.Now(instanceId, wake, seen, time) is { } first)
                tell(first);
            return Task.CompletedTask;
        });
    }

    /// <summary>The app does not answer this one.</summary>
    public static void Drop(HttpContext context) => context.Items.Remove(Told);
}
