using System.Diagnostics;
using System.Text.Json;

namespace Tenantry.EndToEnd.Tests.Running;

/// <summary>A program that ran to its end.</summary>
internal sealed record Finished(int ExitCode, string Out, string Error)
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(12);

    public JsonElement Json => JsonDocument.Parse(Out).RootElement;

    public static async Task<Finished> RunAsync(string program, IReadOnlyList<string> arguments, IReadOnlyDictionary<string, string?>? variables = null, string? input = null, string? folder = null)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = folder ?? Path.GetTempPath(),
        };
        foreach (var (name, value) in variables ?? new Dictionary<string, string?>(StringComparer.Ordinal))
            start.Environment[name] = value;
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        await process.StandardInput.WriteAsync(input ?? "");
        process.StandardInput.Close();
        using var late = new CancellationTokenSource(Limit);
        try
        {
            await process.WaitForExitAsync(late.Token);
        }
        catch (OperationCanceledException tooLate)
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"{program} {string.Join(' ', arguments)} did not end in {Limit}.", tooLate);
        }

        return new(process.ExitCode, await output, await error);
    }

    /// <summary>This, when the exit code is the expected one.</summary>
    public Finished ShouldEndWith(int exitCode)
    {
        ExitCode.ShouldBe(exitCode, $"{Error}\n{Out}");
        return this;
    }
}
