using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;
using Tenantry.Server.Gateway.Waking;

namespace Tenantry.Server.Gateway.Webhooks;

/// <summary>Takes webhooks in for instances that are not ready: on disk first, then acknowledged.</summary>
internal sealed class WebhookIntake(WebhookBox box, Action<string> stored, TimeProvider time, ILogger log, IWebhookObserver? observer = null)
{
    public const string IdHeader = "Tenantry-Delivery";
    private static readonly string[] NotKept =
        ["Connection", "Keep-Alive", "Proxy-Connection", "Transfer-Encoding", "TE", "Trailer", "Upgrade", "Expect", "Content-Length", "Host", IdHeader];

    public bool HasPending(string instanceId) => box.HasPending(instanceId);

    public async Task<GatewayAnswer?> TakeAsync(HttpContext context, Route route, WebhookRule rule)
    {
        if (context.Request.ContentLength > rule.MaxSize || await ReadAsync(context, rule.MaxSize) is not { } body)
        {
            context.Response.Headers.Connection = "close";
            return GatewayAnswer.WebhookTooLarge;
        }

        observer?.Boundary();
        var id = Guid.CreateVersion7().ToString("N");
        var now = time.GetUtcNow();
        var request = context.Request;
        var named = request.Headers.Connection.SelectMany(value => (value ?? "").Split(',', StringSplitOptions.TrimEntries)).ToHashSet(StringComparer.OrdinalIgnoreCase);
        var webhook = new StoredWebhook(
            id,
            now,
            now + TimeSpan.FromSeconds(rule.MaxAgeSeconds),
            request.Method,
            request.Scheme,
            context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget,
            request.Host.Value ?? "",
            context.Connection.RemoteIpAddress?.ToString(),
            [
                .. request.Headers.Where(header => !NotKept.Contains(header.Key, StringComparer.OrdinalIgnoreCase) && !named.Contains(header.Key))
                    .SelectMany(header => header.Value.Select(value => KeyValuePair.Create(header.Key, value ?? ""))),
            ],
            body);
        try
        {
            if (!box.Store(route.InstanceId, webhook))
                return GatewayAnswer.TooManyWebhooks;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            log.LogError(failure, "A webhook for {Slug} could not be stored; its sender was told", route.Slug);
            return GatewayAnswer.WebhookNotStored;
        }

        observer?.Boundary();
        stored(route.InstanceId);
        await AcknowledgeAsync(context, id);
        observer?.Boundary();
        return null;
    }

    private static async Task AcknowledgeAsync(HttpContext context, string id)
    {
        var body = System.Text.Encoding.ASCII.GetBytes($"{{\"delivery\":\"{id}\"}}");
        context.Response.StatusCode = StatusCodes.Status202Accepted;
        context.Response.ContentType = "application/json";
        context.Response.ContentLength = body.Length;
        context.Response.Headers[IdHeader] = id;
        context.Response.Headers.CacheControl = "no-store";
        await context.Response.Body.WriteAsync(body, context.RequestAborted);
    }

    // Null: it is larger than it may be.
    private static async Task<byte[]?> ReadAsync(HttpContext context, long most)
    {
        using var body = new MemoryStream();
        var piece = new byte[16 * 1024];
        for (int count; (count = await context.Request.Body.ReadAsync(piece, context.RequestAborted)) > 0;)
        {
            await PollingThread.LeaveAsync();
            if (body.Length + count > most)
                return null;
            body.Write(piece, 0, count);
        }

        // The store that follows blocks.
        await PollingThread.LeaveAsync();
        return body.ToArray();
    }
}
