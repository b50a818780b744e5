using System.Net;
using Tenantry.Server.Store.Connections;
using Tenantry.Targets.Abstractions;
using Tenantry.Targets.Ranges;

namespace Tenantry.Server.Store.Rows;

internal static class RangeRows
{
    public static async Task<IPNetwork?> FindAsync(Session session, string instanceId) =>
        await session.FirstAsync<string>("SELECT network FROM network_ranges WHERE instance_id = @instanceId AND released_at IS NULL", new { instanceId }) is { } network
            ? IPNetwork.Parse(network)
            : null;

    public static async Task<IPNetwork> PeekAsync(Session session, RangeWish wish) => RangePicker.Pick(wish, await ListAsync(session), session.Now);

    public static async Task<IPNetwork> ClaimAsync(Session session, string instanceId, RangeWish wish)
    {
        // Whoever chooses, chooses alone: what the one before chose is seen.
        await session.FirstAsync<long>($"SELECT id FROM network_gate WHERE id = 1{session.Dialect.ForUpdate}");
        if (await FindAsync(session, instanceId) is { } present)
            return present;
        var range = RangePicker.Pick(wish, await ListAsync(session), session.Now);
        await session.ExecuteAsync(
            "INSERT INTO network_ranges (instance_id, network, claimed_at) VALUES (@instanceId, @network, @now)",
            new { instanceId, network = range.ToString(), now = session.NowMicros });
        return range;
    }

    public static async Task<bool> ReleaseAsync(Session session, string instanceId) =>
        await session.ExecuteAsync("UPDATE network_ranges SET released_at = @now WHERE instance_id = @instanceId AND released_at IS NULL", new { instanceId, now = session.NowMicros }) > 0;

    public static async Task<IReadOnlyList<TakenRange>> ListAsync(Session session) =>
        [.. (await session.ListAsync<RangeRow>("SELECT instance_id, network, released_at FROM network_ranges ORDER BY claimed_at, network"))
            .Select(row => new TakenRange(row.InstanceId, IPNetwork.Parse(row.Network), StoreTime.FromMicros(row.ReleasedAt)))];

    private sealed record RangeRow
    {
        public string InstanceId { get; init; } = "";
        public string Network { get; init; } = "";
        public long? ReleasedAt { get; init; }
    }
}
