using Spectre.Console;
using Tenantry.Model.Wire;

namespace Tenantry.Cli.Writing;

/// <summary>What was looked at on a target, and how to mend it.</summary>
internal static class FindingsText
{
    public static void Write(Output output, TargetCheckResponse report)
    {
        output.Line(report.Works ? $"{report.Target}: works" : $"{report.Target}: does not work");
        foreach (var finding in report.Findings)
            Write(output, finding.Subject, finding.Level, finding.Message, finding.Fix);
    }

    public static void Write(Output output, string subject, string level, string message, string? fix)
    {
        var cell = level switch
        {
            "Ok" => Cell.Good("ok      "),
            "Missing" => Cell.Bad("missing "),
            _ => Cell.Busy("note    "),
        };
        output.Console.Write(new Text("  " + cell.Text, cell.Style));
        output.Console.WriteLine($"{subject}: {message}");
        if (fix is not null)
            output.Console.WriteLine($"            {fix}");
    }
}
