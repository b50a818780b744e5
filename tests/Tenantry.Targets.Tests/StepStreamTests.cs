using Tenantry.Model.Plans;
using Tenantry.Targets.Steps;

namespace Tenantry.Targets.Tests;

public sealed class StepStreamTests
{
    [Fact]
    public async Task WorkThatStopsWhatServesWaitsUntilWhoeverListensAsksForMore()
    {
        var web = new ResourceName("service", "web");
        var isStopped = false;
        await using var steps = StepStream.RunAsync(
            async (writer, cancellationToken) => await writer.StepAsync(web, StepAction.Replace, async () =>
            {
                await writer.InterruptAsync(web, StepAction.Replace, cancellationToken);
                isStopped = true;
            }),
            CancellationToken.None).GetAsyncEnumerator();

        (await steps.MoveNextAsync()).ShouldBeTrue();
        (await steps.MoveNextAsync()).ShouldBeTrue();
        steps.Current.Interrupts.ShouldBeTrue();
        await Task.Delay(50);
        isStopped.ShouldBeFalse();
        (await steps.MoveNextAsync()).ShouldBeTrue();
        (steps.Current.State, isStopped).ShouldBe((StepState.Done, true));
        (await steps.MoveNextAsync()).ShouldBeFalse();
    }
}
