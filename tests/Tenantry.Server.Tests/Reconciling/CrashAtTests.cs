using Tenantry.Model.Operations;
using Tenantry.Server.Reconciling;
using Tenantry.Server.Store;

namespace Tenantry.Server.Tests.Reconciling;

public sealed class CrashAtTests
{
    [Fact]
    public void WithoutTheVariableNothingCrashes()
    {
        CrashAt.Read(null).ShouldBeNull();
        CrashAt.Read("").ShouldBeNull();
    }

    [Fact]
    public void AKindAndANumberNameABoundary()
    {
        var crash = CrashAt.Read("create:3").ShouldNotBeNull();
        crash.Matches(OperationKind.Create, 3).ShouldBeTrue();
        crash.Matches(OperationKind.Create, 2).ShouldBeFalse();
        crash.Matches(OperationKind.Delete, 3).ShouldBeFalse();
    }

    [Theory]
    [InlineData("create")]
    [InlineData("create:0")]
    [InlineData("create:x")]
    [InlineData("explode:1")]
    [InlineData("create:1:2")]
    public void WhatCannotBeReadEndsTheProgram(string value) => Should.Throw<FormatException>(() => CrashAt.Read(value)).Message.ShouldContain("KIND:N");

    [Fact]
    public async Task EachBoundaryIsInTheStoreWhenItIsTold()
    {
        await using var bench = await Workbench.StartAsync();
        var spec = await bench.Fleet.AddInstanceAsync("alice");
        var seen = new List<string>();
        var observer = new Recorder(async (kind, number) =>
        {
            var operation = (await bench.Store.ListOperationsAsync(spec.Id, new PageRequest(1), CancellationToken.None)).Items[0];
            var last = operation.Steps.Count == 0 ? "" : $" {operation.Steps[^1].Name} {operation.Steps[^1].State}";
            seen.Add($"{kind}:{number} {operation.State}{last}");
        });
        await bench.NewReconciler(bench.Store, observer: observer).PassAsync(spec.Id, CancellationToken.None);
        seen.ShouldBe(
        [
            "Create:1 Running",
            "Create:2 Running create network alice-net Running",
            "Create:3 Running create network alice-net Done",
            "Create:4 Running create volume alice-data Running",
            "Create:5 Running create volume alice-data Done",
            "Create:6 Running create service alice-web Running",
            "Create:7 Running create service alice-web Done",
            "Create:8 Running create service alice-web Done",
        ]);
    }

    private sealed class Recorder(Func<OperationKind, int, Task> told) : IPassObserver
    {
        public async ValueTask BoundaryAsync(OperationKind kind, int number, CancellationToken cancellationToken) => await told(kind, number);
    }
}
