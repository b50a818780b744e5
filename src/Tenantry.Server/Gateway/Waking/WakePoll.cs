using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http;

namespace Tenantry.Server.Gateway.Waking;

/// <summary>The gateway's own address on every instance's name, which the waiting page asks.</summary>
internal static class WakePoll
{
    public const string Path = "/.well-known/tenantry/wake";

    /// <summary>Longest time until an answer.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromSeconds(10);

    public static bool IsFor(HttpContext context) => context.Request.Path.Value == Path;

    public static async Task<GatewayAnswer?> AnswerAsync(HttpContext context, State state)
    {
        context.Response.ContentType = "application/json";
        context.Response.Headers.CacheControl = "no-store";
        var body = JsonSerializer.SerializeToUtf8Bytes(state, WakePollContext.Default.State);
        context.Response.ContentLength = body.Length;
        if (context.Request.Method != HttpMethods.Head)
            await context.Response.Body.WriteAsync(body, context.RequestAborted);
        return null;
    }

    /// <param name="Phase"><c>awake</c>, <c>waiting</c> or <c>failed</c>.</param>
    /// <param name="Detail">Why, for a person.</param>
    /// <param name="RetryAfter">Seconds until asking again helps.</param>
    internal sealed record State(string Phase, string Detail, int RetryAfter);
}

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(WakePoll.State))]
internal sealed partial class WakePollContext : JsonSerializerContext;
