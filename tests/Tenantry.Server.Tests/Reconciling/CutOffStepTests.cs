using Tenantry.Model.Operations;
using Tenantry.Server.Reconciling;

namespace Tenantry.Server.Tests.Reconciling;

public sealed class CutOffStepTests : IAsyncLifetime
{
    private Workbench _bench = null!;

    public async Task InitializeAsync() => _bench = await Workbench.StartAsync();

    public async Task DisposeAsync() => await _bench.DisposeAsync();

    [Fact]
    public async Task AStepThatACrashCutOffAndTheNextPassFoundDoneDoesNotGoOnForever()
    {
        var spec = await _bench.Fleet.AddInstanceAsync("alice");
        var operation = (await _bench.Store.FindOpenOperationAsync(spec.Id, CancellationToken.None)).ShouldNotBeNull();
        var lease = await _bench.Fleet.LeaseAsync(spec.Id);
        var cutOff = new OperationStep("create volume that-was-made", OperationStepState.Running, "", _bench.Time.GetUtcNow(), null);
        await _bench.Store.WriteOperationAsync(operation with { State = OperationState.Running, Steps = [cutOff] }, lease, CancellationToken.None);
        await _bench.Store.ReleaseLeaseAsync(lease, CancellationToken.None);

        (await _bench.PassAsync(spec.Id)).ShouldBe(PassEnd.Settled);

        var ended = (await _bench.Store.FindOperationAsync(operation.Id, CancellationToken.None)).ShouldNotBeNull();
        ended.State.ShouldBe(OperationState.Succeeded);
        ended.Steps.ShouldAllBe(step => step.State == OperationStepState.Done && step.FinishedAt != null);
        ended.Steps.ShouldContain(step => step.Name == cutOff.Name && step.Message.Contains("cut off"));
    }
}
