using Tenantry.Model.Plans;
using Tenantry.Targets.Steps;
using Tenantry.Targets.Contract;

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
                await writer.InterruptAsync(new PlanStep(web, StepAction.Replace, ""), servedAfter: null, cancellationToken);
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

    [Fact]
    public void ASideServiceInterruptsNobodyAndAnInterruptionEndsWithTheLastOfWhatServes()
    {
        var one = SampleApp.Make("alice", "owner");
        var entry = one.Services[0];
        var workload = one with
        {
            Services =
            [
                entry with { Name = "db", Ports = [], DependsOn = [] }, entry with { Name = "web", DependsOn = ["db"] }, entry with { Name = "worker", Ports = [], DependsOn = ["db"] },
            ],
        };
        static ResourceName Of(string name) => new("service", name);
        var plan = new Plan([.. new[] { "db", "web", "worker" }.Select(name => new PlanStep(Of(name), StepAction.Replace, "it is to restart"))]);

        workload.FindServing().ShouldBe(["db", "web"], ignoreOrder: true);
        var serving = new Serving(workload, plan, Of);
        serving.Has(Of("worker")).ShouldBeFalse();
        serving.Has(Of("db")).ShouldBeTrue();
        serving.Last!.Resource.ShouldBe(Of("web"));
    }
}
