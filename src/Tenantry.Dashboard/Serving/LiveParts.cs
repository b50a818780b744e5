using System.Runtime.CompilerServices;
using System.Text.Json;
using Tenantry.Server.Events;

namespace Tenantry.Dashboard.Serving;

/// <summary>A part of a page by the id of its element.</summary>
internal sealed record LivePart(string Id, string Html)
{
    /// <summary>The name of its event: <c>part</c> takes the place of the element, anything else is for a script of the page.</summary>
    public string Kind { get; init; } = "part";
}

/// <summary>Sends parts of a page anew when what they show has changed. It ends when the page is left or hidden, since the browser closes it then.</summary>
internal static class LiveParts
{
    // What changes more often than this is seen at its last state alone.
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(250);

    /// <summary>The answer to a page's <c>data-live</c>.</summary>
    /// <param name="feed">Says when to look again.</param>
    /// <param name="time">For pauses.</param>
    /// <param name="render">All parts as they are now.</param>
    /// <param name="beat">Looks again this often although nothing was said; null: never.</param>
    public static IResult Stream(ChangeFeed feed, TimeProvider time, Func<CancellationToken, Task<IReadOnlyList<LivePart>>> render, TimeSpan? beat = null) =>
        new EventStream(cancellationToken => ReadAsync(feed, time, render, beat, cancellationToken), time);

    /// <summary>A part that a component renders.</summary>
    public static async Task<LivePart> PartAsync<TComponent>(HttpContext context, string id, params (string Name, object? Value)[] values)
        where TComponent : Microsoft.AspNetCore.Components.IComponent =>
        new(id, await PageWriter.RenderAsync<TComponent>(context, values.ToDictionary(value => value.Name, value => value.Value, StringComparer.Ordinal)));

    private static async IAsyncEnumerable<StreamEvent> ReadAsync(
        ChangeFeed feed, TimeProvider time, Func<CancellationToken, Task<IReadOnlyList<LivePart>>> render, TimeSpan? beat, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var last = new Dictionary<string, string>(StringComparer.Ordinal);
        for (var number = 1L; ;)
        {
            var change = feed.NextChange;
            var (parts, isGone) = await RenderAsync(render, cancellationToken);
            foreach (var part in parts.Where(part => last.GetValueOrDefault(part.Id) != part.Html))
            {
                last[part.Id] = part.Html;
                yield return new StreamEvent(number++, part.Kind, JsonSerializer.Serialize(new { id = part.Id, html = part.Html }));
            }

            if (isGone)
            {
                yield return new StreamEvent(number, "gone", "{}");
                yield break;
            }

            // What waits for the beat ends with the turn: a page may be looked at for days.
            using (var turn = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken))
            {
                await Task.WhenAny(change, Task.Delay(beat ?? Timeout.InfiniteTimeSpan, time, turn.Token));
                await turn.CancelAsync();
            }

            await Task.Delay(Pause, time, cancellationToken);
        }
    }

    private static async Task<(IReadOnlyList<LivePart> Parts, bool IsGone)> RenderAsync(Func<CancellationToken, Task<IReadOnlyList<LivePart>>> render, CancellationToken cancellationToken)
    {
        try
        {
            return (await render(cancellationToken), false);
        }
        catch (TenantryException gone) when (gone.Status == System.Net.HttpStatusCode.NotFound)
        {
            return ([], true);
        }
    }
}
