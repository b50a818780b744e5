using System.Text;
using Tenantry.Cli.Running;

namespace Tenantry.Cli.Writing;

/// <summary>Questions to a person. Where nobody can be asked, the flag that answers is named.</summary>
internal static class Prompt
{
    /// <summary>Goes on when the answer is yes; the flag answers it beforehand.</summary>
    public static void Confirm(Call call, bool isAnswered, string question, string flag = "--yes")
    {
        if (isAnswered)
            return;
        if (!call.Output.CanAsk)
            throw new CliException(ExitCode.Usage, $"{question} There is nobody to ask.", $"Say {flag} if that is what you want.");
        if (!Ask(call.Host, question))
            throw new CliException(ExitCode.Failed, "Nothing was changed.");
    }

    public static bool Ask(CliHost host, string question)
    {
        host.Error.Write(question + " [y/N] ");
        var answer = Read(host)?.Trim();
        return answer is "y" or "Y" or "yes" or "Yes";
    }

    /// <summary>Reads a line; asks again while it is empty.</summary>
    public static string Line(CliHost host, string question)
    {
        while (true)
        {
            host.Error.Write(question + ": ");
            switch (Read(host)?.Trim())
            {
                case null:
                    host.Error.WriteLine();
                    throw new CliException(ExitCode.Usage, $"{question}: nobody answers. Nothing was changed.");
                case { Length: > 0 } answer:
                    return answer;
            }
        }
    }

    /// <summary>Reads a line; an empty one means what is proposed.</summary>
    public static string LineOr(CliHost host, string question, string proposal)
    {
        host.Error.Write($"{question} [{proposal}]: ");
        return Read(host)?.Trim() is { Length: > 0 } answer ? answer : proposal;
    }

    /// <summary>Reads a line without showing it.</summary>
    /// <exception cref="OperationCanceledException">Ctrl-C.</exception>
    public static string Hidden(CliHost host, string question)
    {
        host.Error.Write(question + ": ");
        // Otherwise nobody would see it while a key is waited for.
        Console.TreatControlCAsInput = true;
        try
        {
            return ReadHidden();
        }
        finally
        {
            Console.TreatControlCAsInput = false;
            host.Error.WriteLine();
        }
    }

    // Reading itself cannot be given up: whoever interrupts is not kept waiting for it.
    private static string? Read(CliHost host)
    {
        try
        {
            return Task.Run(host.In.ReadLine).WaitAsync(host.Interrupted).GetAwaiter().GetResult();
        }
        catch (OperationCanceledException)
        {
            host.Error.WriteLine();
            throw;
        }
    }

    private static string ReadHidden()
    {
        var text = new StringBuilder();
        while (true)
        {
            var key = Console.ReadKey(intercept: true);
            if (key is { Key: ConsoleKey.C, Modifiers: ConsoleModifiers.Control })
                throw new OperationCanceledException("Ctrl-C");
            if (key.Key == ConsoleKey.Enter)
                return text.ToString();
            if (key.Key == ConsoleKey.Backspace)
                text.Length -= text.Length > 0 ? 1 : 0;
            else if (!char.IsControl(key.KeyChar))
                text.Append(key.KeyChar);
        }
    }
}
