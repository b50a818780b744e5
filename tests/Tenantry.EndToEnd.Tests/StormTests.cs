using System.Globalization;
using System.Net;
using Tenantry.EndToEnd.Tests.Running;
using Tenantry.Model.Operations;
using Tenantry.Model.Wire;

namespace Tenantry.EndToEnd.Tests;

/// <summary>Real instances on the target local that are all called at once while they sleep. A thousand on a target without an outside: WakeStormTests.</summary>
public class StormTests
{
    private const int Instances = 30;

    [MachineFact]
    public async Task ThirtySleepingInstancesThatAreCalledAtOnceAllAnswer()
    {
        await using var plane = await ControlPlane.StartWithLocalAsync();
        using var visitor = new Visitor();
        (await plane.CallAsync("app", "apply", "-f", Repository.Example("static"))).ShouldEndWith(0);
        var slugs = Enumerable.Range(0, Instances).Select(number => string.Create(CultureInfo.InvariantCulture, $"t{number}")).ToList();
        await EachAsync(slugs, async slug =>
        {
            await plane.Client.Tenants.Create(new CreateTenantRequest(slug)).SendAsync();
            return [await plane.Client.Instances.Create(new CreateInstanceRequest(slug, "static")).SendAsync()];
        }, plane);
        await EachAsync(slugs, async slug => [(await plane.Client.Instances.Sleep(slug).SendAsync()).Operation!], plane);
        Machine.ProcessesIn(plane.Cgroup).ShouldBeEmpty();

        var answers = await Task.WhenAll(slugs.Select(slug => visitor.GetAsync(plane, slug + ".localhost")));

        answers.ShouldAllBe(answer => answer.Status == HttpStatusCode.OK);
        answers.Zip(slugs).ShouldAllBe(one => one.First.Body.Contains($"Hello from {one.Second}", StringComparison.Ordinal));
        await EachAsync(slugs, async slug => (await plane.Client.Tenants.Delete(slug).SendAsync()).Operations, plane);
        Machine.LeftOf(Path.Combine(plane.Folder, "targets"), plane.Cgroup).ShouldBeEmpty();
    }

    private static Task EachAsync(IReadOnlyList<string> slugs, Func<string, Task<IReadOnlyList<OperationResponse>>> act, ControlPlane plane) => Task.WhenAll(slugs.Select(async slug =>
    {
        foreach (var operation in await act(slug))
        {
            var ended = await plane.Client.Operations.WaitAsync(operation.Id);
            ended.State.ShouldBe(OperationState.Succeeded, ended.ToString());
        }
    }));
}
