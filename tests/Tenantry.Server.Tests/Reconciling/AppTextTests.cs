using Tenantry.Server.Reconciling;
using Tenantry.Targets.Fake;

namespace Tenantry.Server.Tests.Reconciling;

/// <summary>What an app says last is told to people who may not know its secrets.</summary>
public sealed class AppTextTests : IAsyncLifetime
{
    private const string Value = "sk-of-alice-alone";

    private Workbench _bench = null!;

    public async Task InitializeAsync()
    {
        _bench = await Workbench.StartAsync(repairDrift: false);
        _bench.Workloads.Secrets["key"] = Value;
    }

    public async Task DisposeAsync() => await _bench.DisposeAsync();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task ASecretThatAnAppPrintsBeforeItDiesIsInNoStatusAndNoOperation(bool retryable)
    {
        var spec = await _bench.Fleet.AddInstanceAsync("alice");
        _bench.Script.Next(FakeCall.Step, new FakeReaction.Fail($"It ended with exit code 3. It said last:\nbad key {Value}", retryable));
        await _bench.PassAsync(spec.Id);

        var status = await _bench.StatusAsync(spec.Id);
        status.Reason.ShouldContain("bad key ***");
        var operation = await _bench.NewestOperationAsync(spec.Id);
        $"{status}{string.Join(' ', status.Conditions)}{operation}{string.Join(' ', operation.Steps)}".ShouldNotContain(Value);
        operation.Steps.ShouldContain(step => step.Message.Contains("***", StringComparison.Ordinal));
    }

    [Fact]
    public async Task ASecretThatARunningAppPrintsBeforeItCrashesIsNotInItsReason()
    {
        var spec = await _bench.RunningAsync("alice");
        _bench.World.Crash(spec.Id, $"It ended with exit code 1. It said last:\n{Value}");
        _bench.Script.Decide = (call, _) => call is FakeCall.Step or FakeCall.Wake ? new FakeReaction.Fail("No.", Retryable: true) : null;
        await _bench.PassAsync(spec.Id);
        await _bench.PassAsync(spec.Id);

        var status = await _bench.StatusAsync(spec.Id);
        $"{status}{string.Join(' ', status.Conditions)}".ShouldNotContain(Value);
    }

    [Fact]
    public void ALongTextKeepsItsFirstSentenceAndItsEndAndNoPartOfASecret()
    {
        var said = string.Join('\n', Enumerable.Range(0, 2000).Select(i => $"{i} {Value}"));

        var told = new AppText([Value]).Of($"It ended with exit code 3. It said last:\n{said}");

        told.Length.ShouldBeLessThan(3000);
        told.ShouldStartWith("It ended with exit code 3. It said last:\n… ");
        told.ShouldEndWith("1999 ***");
        told.ShouldNotContain("sk-of");
        told.ShouldNotContain("alone");
    }
}
