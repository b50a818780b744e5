using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Tenantry.Model.Wire;
using Tenantry.Server.Access;
using Tenantry.Server.Api;
using Tenantry.Server.Store;

namespace Tenantry.Server.Events;

/// <summary>Everything that changes, as it changes.</summary>
internal static class EventsApi
{
    private const int Piece = 500;

    public static void MapEvents(this IEndpointRouteBuilder routes) =>
        routes.MapGet("/events", WatchAsync).Takes("after").WithTags("Events").Produces<EventResponse>(200, EventStream.ContentType).Streams();

    private static async Task<EventStream> WatchAsync(
        string? after, HttpContext context, IStore store, ChangeFeed feed, TimeProvider time, CancellationToken cancellationToken)
    {
        var from = ReadAfter(context.Request.Headers["Last-Event-ID"].ToString() is { Length: > 0 } last ? last : after)
            ?? await store.LastChangeAsync(cancellationToken);
        return new EventStream(token => ReadAsync(from, Caller.Of(context), store, feed, token), time);
    }

    private static async IAsyncEnumerable<StreamEvent> ReadAsync(long after, Caller caller, IStore store, ChangeFeed feed, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var slugs = new Dictionary<string, string?>(StringComparer.Ordinal);
        while (true)
        {
            var change = feed.NextChange;
            var changes = await store.ListChangesAsync(after, Piece, cancellationToken);
            foreach (var item in changes)
            {
                after = item.Sequence;
                if (!await IsSeenAsync(item))
                    continue;
                var response = new EventResponse(item.Sequence, item.Kind, item.Key, item.Action, item.At, await SlugAsync(item));
                yield return new StreamEvent(item.Sequence, item.Kind, JsonSerializer.Serialize(response, WireJson.Options));
            }

            if (changes.Count < Piece)
                await change.WaitAsync(cancellationToken);
        }

        // What is gone is nobody's any more.
        async Task<bool> IsSeenAsync(ChangeEvent item) => caller.Organizations is null || caller.Sees(item.Kind switch
        {
            "instance" or "llm-key" or "secret-turn" => (await store.FindInstanceAsync(item.Key, cancellationToken))?.Spec.Organization,
            "operation" => await store.FindOperationOrganizationAsync(item.Key, cancellationToken),
            "tenant" => (await store.FindTenantAsync(item.Key, cancellationToken))?.Organization,
            _ => null,
        });

        // A slug is for life: each is looked up once, as long as there is something to look up.
        async Task<string?> SlugAsync(ChangeEvent item)
        {
            if (slugs.TryGetValue(item.Key, out var known))
                return known;
            var slug = item.Kind switch
            {
                "instance" or "llm-key" or "secret-turn" => (await store.FindInstanceAsync(item.Key, cancellationToken))?.Spec.Slug,
                "operation" => (await store.FindOperationAsync(item.Key, cancellationToken))?.Slug,
                _ => null,
            };
            if (slug is not null)
                slugs[item.Key] = slug;
            return slug;
        }
    }

    private static long? ReadAfter(string? text)
    {
        if (string.IsNullOrEmpty(text))
            return null;
        return long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? number
            : throw ProblemException.Invalid("after", "The sequence of an event is expected, a whole number.");
    }
}
