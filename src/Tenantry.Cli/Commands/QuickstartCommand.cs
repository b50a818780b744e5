using System.CommandLine;
using System.Diagnostics;
using Tenantry.Cli.Quickstarting;
using Tenantry.Cli.Running;
using Tenantry.Cli.Writing;
using Tenantry.Server;
using Tenantry.Server.Serving;

namespace Tenantry.Cli.Commands;

/// <summary><c>tenantry quickstart</c>: two tenants of a real application on this machine, from nothing.</summary>
internal static class QuickstartCommand
{
    private const string Description =
        "Run Node-RED for two tenants, alice and bob, on this machine, from nothing. The API listens on 127.0.0.1:7070 and the gateway on 127.0.0.1:8080, each on a free port where " +
        "that is taken. Data lies in --data DIR (default: /var/lib/tenantry-quickstart for root, else ~/.local/share/tenantry-quickstart; with --check a folder beside it that is removed again).";

    private static readonly string[] Names = ["alice", "bob"];

    public static Command Create(CliHost host)
    {
        var yes = CommandOptions.Yes("Install what is missing without asking (default: ask on a terminal; without one install at once).");
        var check = new Option<bool>("--check") { Description = "Verify that both tenants answer and are apart, then remove everything (default: leave both running until Ctrl-C)." };
        var remove = new Option<bool>("--remove") { Description = "Remove what an earlier quickstart left, and run nothing (default: take it up again)." };
        var dryRun = CommandOptions.DryRun();
        return new Command("quickstart", Description) { yes, check, remove, dryRun }.Does(host, async call =>
        {
            var folder = QuickstartFolder.Of(call, call.DataOption, call.Value(check));
            using var local = call.On(folder);
            if (call.Value(dryRun))
                PlanText.Write(call.Output, call.Value(remove) ? QuickstartPlan.OfRemoval(folder, Names) : QuickstartPlan.Of(call.Host, folder, Names, Needs.Missing(), call.Value(check)));
            else if (call.Value(remove))
                await RemoveAsync(local, folder);
            else if (call.Value(check))
                await CheckAsync(local, folder, call.Value(yes));
            else
                await ShowAsync(local, folder, call.Value(yes));
        });
    }

    private static async Task ShowAsync(Call call, string folder, bool isAgreed)
    {
        await Needs.InstallAsync(call, Needs.Missing(), isAgreed);
        var watch = Stopwatch.StartNew();
        QuickstartFolder.Make(call.Host, folder);
        await using var plane = await StartAsync(call, folder, watch);
        var tenants = await MakeAsync(call, folder, plane, watch);
        QuickstartText.Write(call, plane, folder, tenants, watch.Elapsed);
        try
        {
            await plane.WaitAsync(call.CancellationToken);
            throw new CliException(ExitCode.Failed, "The control plane ended by itself.", $"Its log is {plane.LogFile}. Alice and bob go on running; 'tenantry quickstart' takes them up again.");
        }
        catch (OperationCanceledException) when (call.CancellationToken.IsCancellationRequested)
        {
            QuickstartText.Stopped(call, folder);
        }
    }

    private static async Task CheckAsync(Call call, string folder, bool isAgreed)
    {
        await Needs.InstallAsync(call, Needs.Missing(), isAgreed);
        var watch = Stopwatch.StartNew();
        QuickstartFolder.Make(call.Host, folder);
        await using (var plane = await StartAsync(call, folder, watch))
        {
            RequireAlone(plane, folder);
            await RequireDemoAloneAsync(call, folder);
            try
            {
                var tenants = await MakeAsync(call, folder, plane, watch);
                using var visitor = new Visitor(plane.Gateway);
                await Separation.VerifyAsync(call, visitor, tenants[0], tenants[1]);
            }
            finally
            {
                using var whatever = call.Uninterrupted();
                await new Demo(whatever).RemoveAsync(Names);
            }
        }

        DataFolderRemoval.Remove(new DataFolders(folder));

        call.Output.Line($"Everything was removed. All of it took {Words.Took(watch.Elapsed)}.");
        if (call.Output.Json)
            QuickstartText.WriteCheck(call, watch.Elapsed);
    }

    private static async Task RemoveAsync(Call call, string folder)
    {
        QuickstartFolder.RequireMade(folder);
        var watch = Stopwatch.StartNew();
        await using (var plane = await StartAsync(call, folder, watch))
        {
            RequireAlone(plane, folder);
            await RequireDemoAloneAsync(call, folder);
            await new Demo(call).RemoveAsync(Names);
        }

        DataFolderRemoval.Remove(new DataFolders(folder));
        call.Output.Removed("quickstart", folder);
        call.Output.Note($"Node.js and Node-RED are kept for the next time in {QuickstartFolder.Cache(call.Host)}.");
    }

    // A folder is not taken from under a control plane that goes on.
    private static void RequireAlone(ControlPlane plane, string folder)
    {
        if (plane.RanAlready)
            throw new CliException(ExitCode.Conflict, $"A control plane runs on {folder}, which would be removed from under it. Nothing was changed.", "End it first: Ctrl-C where the quickstart runs, or SIGTERM to 'tenantry serve'.");
    }

    // With the folder goes everything in it.
    private static async Task RequireDemoAloneAsync(Call call, string folder)
    {
        var others = await call.Client.Tenants.ListAsync(call.CancellationToken).Select(tenant => tenant.Name).Where(name => !Names.Contains(name)).ToListAsync(call.CancellationToken);
        if (others.Count > 0)
            throw new CliException(ExitCode.Conflict, $"{folder} holds more than the quickstart's tenants: {string.Join(", ", others)}. Nothing was changed.", $"Remove them first with 'tenantry tenant remove NAME --data {folder}' while 'tenantry serve --data {folder}' runs.");
    }

    private static async Task<ControlPlane> StartAsync(Call call, string folder, Stopwatch watch)
    {
        var plane = await ControlPlane.StartAsync(folder, call.Client, call.CancellationToken);
        call.Output.Line(plane.RanAlready ? $"Control plane: runs already, data in {folder}" : $"Control plane: started after {Words.Took(watch.Elapsed)}, data in {folder}");
        return plane;
    }

    private static async Task<IReadOnlyList<DemoTenant>> MakeAsync(Call call, string folder, ControlPlane plane, Stopwatch watch)
    {
        var demo = new Demo(call);
        await demo.AddTargetAsync();
        var release = await demo.ApplyAppAsync(QuickstartFolder.FindExample(Demo.App));
        call.Output.Line($"App {Demo.App}: release {release}");
        var tenants = Names.Select(name => DemoTenant.Of(name, folder)).ToList();
        var operations = new List<string>();
        foreach (var tenant in tenants)
            if (await demo.AskForAsync(tenant) is { } operation)
                operations.Add(operation);
        foreach (var operation in operations)
            await demo.WaitAsync(operation);
        using var visitor = new Visitor(plane.Gateway);
        foreach (var tenant in tenants)
            await visitor.WaitUntilItAnswersAsync(tenant.Name, call.CancellationToken);
        call.Output.Line($"Both answer after {Words.Took(watch.Elapsed)}.");
        return tenants;
    }
}
