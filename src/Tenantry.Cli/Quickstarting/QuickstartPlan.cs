using Tenantry.Cli.Running;
using Tenantry.Model.Plans;
using Tenantry.Model.Wire;

namespace Tenantry.Cli.Quickstarting;

/// <summary>What a quickstart would install, make and remove. Looks at this machine, and asks no control plane.</summary>
internal static class QuickstartPlan
{
    public static PlanResponse Of(CliHost host, string folder, IReadOnlyList<string> tenants, IReadOnlyList<Need> missing, bool isCheck)
    {
        var isMade = QuickstartFolder.IsMade(folder);
        List<ChangeResponse> changes = [.. missing.Select(need => new ChangeResponse($"package {need.Package}", "", null, need.What))];
        if (!isMade)
            changes.Add(new ChangeResponse("folder", "", null, folder));
        if (!Directory.Exists(QuickstartFolder.Cache(host)))
            changes.Add(new ChangeResponse("folder", "", null, QuickstartFolder.Cache(host)));
        changes.Add(new ChangeResponse("control plane", "", null, $"on {folder}"));
        if (!isMade)
            changes.AddRange([new($"target {Demo.Target}", "", null, "this machine"), new($"app {Demo.App}", "", null, "a release"), .. tenants.Select(tenant => new ChangeResponse($"tenant {tenant}", "", null, $"with an instance of {Demo.App}"))]);
        List<string> notices = isMade ? [$"What an earlier quickstart made in {folder} is taken up again; what of it is missing is made."] : [];
        if (isCheck)
            notices.Add("In the end the tenants and the folder are removed again; packages and what was built for the next time stay.");
        return PlanResponse.Of(changes, Plan.Nothing, notices);
    }

    public static PlanResponse OfRemoval(string folder, IReadOnlyList<string> tenants)
    {
        QuickstartFolder.RequireMade(folder);
        return PlanResponse.Of(
            [.. tenants.Select(tenant => new ChangeResponse($"tenant {tenant}", "", $"with its instance of {Demo.App}", null)), new ChangeResponse("folder", "", folder, null)], Plan.Nothing, []);
    }
}
