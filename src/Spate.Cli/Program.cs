System.Console.WriteLine("spate");
