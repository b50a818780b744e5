using System.Diagnostics;
using Tenantry.Targets.Processes;

namespace Tenantry.Targets.Tests.Local;

/// <summary>
/// Control groups of version 2: where the machine's own are version 1, a kernel of this test's own (user-mode Linux) has them. There it runs
/// what the suites promise and that hangs on control groups.
/// </summary>
public class CgroupTwoTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(6);
    private static readonly string[] Promises =
    [
        "LocalContractTests.ProbeSaysThatItWorks",
        "LocalContractTests.ACreatedInstanceRunsAndIsHealthy",
        "LocalContractTests.LimitsChangeInPlace",
        "LocalContractTests.StatsCountWhatRuns",
        "LocalContractTests.AFrozenInstanceIsThawedByAWake",
        "LocalContractTests.AFrozenInstanceCanBePutToSleep",
        "LocalContractTests.WhatWasKilledWhileItWasFrozenWakesAndCanBeDeleted",
        "LocalContractTests.AnExecGivesOutputErrorsAndExitCode",
        "LocalContractTests.ACancelledExecEnds",
        "LocalContractTests.AnInstanceWhoseProcessesWereEndedIsRepaired",
        "LocalContractTests.DeletionLeavesNothing",
        "ProcessAttacks.AForkBombStopsAtItsLimit",
        "ProcessAttacks.AMemoryHogIsEndedAlone",
    ];

    [NeedsCrunFact("linux.uml")]
    public async Task ControlGroupsOfVersionTwoKeepThePromisesToo()
    {
        using var kernel = Process.Start(Boot())!;
        using var patience = new CancellationTokenSource(Patience);
        var output = "";
        try
        {
            var errors = kernel.StandardError.ReadToEndAsync(CancellationToken.None);
            output = await kernel.StandardOutput.ReadToEndAsync(patience.Token);
            await kernel.WaitForExitAsync(patience.Token);
            output += await errors;
        }
        finally
        {
            if (!kernel.HasExited)
                kernel.Kill(entireProcessTree: true);
        }

        output.ShouldContain("ended=0");
        foreach (var promise in Promises)
            output.ShouldMatch($@"Passed .*\.{promise.Replace(".", @"\.", StringComparison.Ordinal)}\b");
    }

    private static ProcessStartInfo Boot()
    {
        var here = AppContext.BaseDirectory;
        var start = new ProcessStartInfo(Programs.Find("linux.uml")!)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        // What the kernel does not know of these is its first process's environment.
        foreach (var part in (string[])
        [
            "mem=2G", "quiet", "rootfstype=hostfs", "rootflags=/", "ro", "con0=fd:0,fd:1", "con=none", $"init={Path.Combine(here, "Local", "cgroup-two.sh")}",
            $"PATH={Path.GetDirectoryName(Programs.Find("dotnet"))}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            $"TESTS={Path.Combine(here, "Tenantry.Targets.Tests.dll")}",
            $"FILTER={string.Join('|', Promises.Select(promise => $"FullyQualifiedName~{promise}"))}",
        ])
            start.ArgumentList.Add(part);
        return start;
    }
}
