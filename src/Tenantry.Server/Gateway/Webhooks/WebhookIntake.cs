using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;
using Tenantry.Server.Gateway.Forwarding;
using Tenantry.Server.Gateway.Tls;
using Tenantry.Server.Gateway.Waking;

namespace Tenantry.Server.Gateway.Webhooks;

/// <summary>Takes webhooks in for instances that are not ready: on disk first, then acknowledged.</summary>
internal sealed class WebhookIntake(WebhookBox box, Action<string> stored, TimeProvider time, ILogger log, IWebhookObserver? observer = null)
{
    public const string IdHeader = "Tenantry-Delivery";
    private static readonly string[] NotKept =
        ["Connection", "Keep-Alive", "Proxy-Connection", "Transfer-Encoding", "TE", "Trailer", "Upgrade", "Expect", "Content-Length", "Host"];

    private const long MostHeld = 256_000_000;
    private const int MostAtOnce = 8;
    private const int Turns = 64;
    private static readonly TimeSpan BodyTime = TimeSpan.FromMinutes(1);
    private readonly SemaphoreSlim storing = new(MostAtOnce);
    private readonly SharedBytes held = new(MostHeld);

    // Those of one instance are written one after the other anyway: they wait where they are in nobody else's way.
    private readonly SemaphoreSlim[] turns = [.. Enumerable.Range(0, Turns).Select(_ => new SemaphoreSlim(1))];

    public bool HasPending(string instanceId) => box.HasPending(instanceId);

    public async Task<GatewayAnswer?> TakeAsync(HttpContext context, Route route, WebhookRule rule)
    {
        if (!CanBeForwarded(context))
            return GatewayAnswer.NotForwarded;
        if (context.Request.ContentLength > rule.MaxSize)
            return Close(context, GatewayAnswer.WebhookTooLarge);
        using var body = new MemoryStream();
        try
        {
            return await ReadAsync(context, route.InstanceId, rule.MaxSize, body) is { } refused ? Close(context, refused) : await StoreAsync(context, route, rule, body.ToArray());
        }
        finally
        {
            if (body.Length > 0)
                held.Return(route.InstanceId, body.Length);
        }
    }

    // What could not be sent on stands in nobody's way.
    private static bool CanBeForwarded(HttpContext context) =>
        RequestShape.Of(context) is { } shape && !shape.Target.AsSpan().ContainsAnyExcept(FieldRules.Target) && !shape.Method.AsSpan().ContainsAnyExcept(FieldRules.Token)
        && context.Request.Headers.All(header => header.Key[0] == ':' || (header.Key.Length > 0 && !header.Key.AsSpan().ContainsAnyExcept(FieldRules.Token) && header.Value.All(value => !value.AsSpan().ContainsAny(FieldRules.Controls))));

    private static GatewayAnswer Close(HttpContext context, GatewayAnswer answer)
    {
        context.Response.Headers.Connection = "close";
        return answer;
    }

    private async Task<GatewayAnswer?> StoreAsync(HttpContext context, Route route, WebhookRule rule, byte[] body)
    {
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
            TlsSession.SchemeOf(context),
            context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget,
            request.Host.Value ?? "",
            context.Connection.RemoteIpAddress?.ToString(),
            [
                .. request.Headers.Where(header => !NotKept.Contains(header.Key, StringComparer.OrdinalIgnoreCase) && FieldRules.OwnerOf(header.Key) != FieldOwner.Delivery && !named.Contains(header.Key))
                    .SelectMany(header => header.Value.Select(value => KeyValuePair.Create(header.Key, value ?? ""))),
            ],
            body);
        if (await WriteAsync(route, webhook, context.RequestAborted) is { } refused)
            return refused;
        observer?.Boundary();
        stored(route.InstanceId);
        await AcknowledgeAsync(context, id);
        observer?.Boundary();
        return null;
    }

    private async Task<GatewayAnswer?> WriteAsync(Route route, StoredWebhook webhook, CancellationToken left)
    {
        var turn = turns[(uint)StringComparer.Ordinal.GetHashCode(route.InstanceId) % Turns];
        await turn.WaitAsync(left);
        try
        {
            await storing.WaitAsync(left);
            try
            {
                return box.Store(route.InstanceId, webhook) ? null : GatewayAnswer.TooManyWebhooks;
            }
            finally
            {
                storing.Release();
            }
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            log.LogError(failure, "A webhook for {Slug} could not be stored; its sender was told", route.Slug);
            return GatewayAnswer.WebhookNotStored;
        }
        finally
        {
            turn.Release();
        }
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

    // Null: it is there whole. Whoever sends slowly holds memory that others need.
    private async Task<GatewayAnswer?> ReadAsync(HttpContext context, string instanceId, long most, MemoryStream body)
    {
        using var late = new CancellationTokenSource(BodyTime, time);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, late.Token);
        var piece = new byte[16 * 1024];
        try
        {
            for (int count; (count = await context.Request.Body.ReadAsync(piece, ended.Token)) > 0;)
            {
                await PollingThread.LeaveAsync();
                if (body.Length + count > most)
                    return GatewayAnswer.WebhookTooLarge;
                if (!held.TryTake(instanceId, count))
                    return GatewayAnswer.TooManyWebhooks;
                body.Write(piece, 0, count);
            }
        }
        catch (OperationCanceledException) when (late.IsCancellationRequested && !context.RequestAborted.IsCancellationRequested)
        {
            return GatewayAnswer.WebhookTooSlow;
        }
        catch (IOException failure) when (!context.RequestAborted.IsCancellationRequested)
        {
            // It is not well formed, or larger than the tier allows.
            log.LogDebug("A webhook did not arrive: {Reason}", failure.Message);
            return failure is BadHttpRequestException { StatusCode: StatusCodes.Status413PayloadTooLarge } ? GatewayAnswer.BodyTooLarge : GatewayAnswer.BadBody;
        }

        // The store that follows blocks.
        await PollingThread.LeaveAsync();
        return null;
    }
}
