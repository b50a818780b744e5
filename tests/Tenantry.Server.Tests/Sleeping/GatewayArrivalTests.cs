using System.Threading.Channels;
using Tenantry.Server.Engine;
using Tenantry.Server.Reconciling;
using Tenantry.Server.Sleeping;
using Tenantry.Server.Tests.Store;

namespace Tenantry.Server.Tests.Sleeping;

/// <summary>Gateways that come while an instance is put to rest.</summary>
public sealed class GatewayArrivalTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task AGatewayThatComesJustAsARestEndsKeepsNoGateShut(bool ends)
    {
        var hub = new GatewayHub(new ManualTime());
        var permit = (await hub.CloseAsync("id", force: true, null, CancellationToken.None)).ShouldNotBeNull();
        hub.Closing = () =>
        {
            if (ends)
                permit.DisposeAsync().AsTask().IsCompletedSuccessfully.ShouldBeTrue();
        };
        using var left = new CancellationTokenSource();
        var orders = hub.AttendAsync(Channel.CreateUnbounded<GateReport>().Reader, left.Token).GetAsyncEnumerator(CancellationToken.None);

        var told = new List<GateOrderKind>();
        var next = orders.MoveNextAsync().AsTask();
        if (!ends)
            await permit.DisposeAsync();
        while (told.LastOrDefault() != GateOrderKind.Rested || told.Count < 2)
        {
            (await next.WaitAsync(TimeSpan.FromSeconds(60))).ShouldBeTrue();
            told.Add(orders.Current.Kind);
            next = orders.MoveNextAsync().AsTask();
        }

        told[^2].ShouldBe(GateOrderKind.Close);
        await left.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(() => next);
        await orders.DisposeAsync();
    }
}
