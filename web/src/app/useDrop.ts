import { useEffect, useRef, useState } from 'react';

/** Takes files and texts that are dropped anywhere on the page. Tells whether something is being dragged over it. */
export function useDrop(onFiles: (files: File[]) => void, onText: (text: string) => void): boolean {
  const [isDragging, setDragging] = useState(false);
  const latest = useRef({ onFiles, onText });
  latest.current = { onFiles, onText };
  useEffect(() => {
    // Entering a child comes before leaving its parent, so both are counted.
    let depth = 0;
    const isWanted = ({ dataTransfer }: DragEvent) =>
      dataTransfer?.types.some((type) => type === 'Files' || type === 'text/uri-list') ?? false;
    const onEnter = (event: DragEvent) => {
      if (!isWanted(event)) return;
      event.preventDefault();
      depth++;
      setDragging(true);
    };
    const onLeave = (event: DragEvent) => {
      if (!isWanted(event)) return;
      depth = Math.max(0, depth - 1);
      if (depth === 0) setDragging(false);
    };
    const onOver = (event: DragEvent) => isWanted(event) && event.preventDefault();
    const onDrop = (event: DragEvent) => {
      if (!isWanted(event) || !event.dataTransfer) return;
      event.preventDefault();
      depth = 0;
      setDragging(false);
      const files = [...event.dataTransfer.files];
      if (files.length > 0) latest.current.onFiles(files);
      else latest.current.onText(event.dataTransfer.getData('text/uri-list') || event.dataTransfer.getData('text'));
    };
    document.addEventListener('dragenter', onEnter);
    document.addEventListener('dragleave', onLeave);
    document.addEventListener('dragover', onOver);
    document.addEventListener('drop', onDrop);
    return () => {
      document.removeEventListener('dragenter', onEnter);
      document.removeEventListener('dragleave', onLeave);
      document.removeEventListener('dragover', onOver);
      document.removeEventListener('drop', onDrop);
    };
  }, []);
  return isDragging;
}
